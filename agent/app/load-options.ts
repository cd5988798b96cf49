import { type LoadOptions, noServices } from '../config/index.js';
import { drivers } from '../drivers/registry.js';
import { announced } from '../judge/index.js';
import { loadRules, shippedServices } from './rules.js';

/** What a configuration file is read with, by whoever reads it: which drivers there are, and what services are called. */
export const loadOptions: LoadOptions = {
  drivers: drivers.map(({ id }) => id),
  services(rulesFolder) {
    const rules = loadRules(rulesFolder);
    // Rules that are wrong are told by whoever loads them to judge by; names are then those that come with us.
    const table = rules.ok ? { ok: true as const, value: rules.value.services } : shippedServices();
    return table.ok ? (names) => announced(table.value, names) : noServices;
  },
};
