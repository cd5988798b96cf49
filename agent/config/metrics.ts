import { z } from 'zod';
import { hostPort, setting } from './parts.js';

/** Figures about the guard itself. */
export const Metrics = z.strictObject(
  {
    listen: setting(
      hostPort('127.0.0.1:9464'),
      'Where Prometheus finds them, under /metrics. They name devices and sinks: keep to this machine, or to a network for management.',
      '127.0.0.1:9464',
    ),
  },
  { error: 'where they are found, such as {listen: 127.0.0.1:9464}' },
);
