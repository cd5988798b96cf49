import type { Wake } from '../contract.js';

/**
 * New listening sockets as the kernel makes them (tracepoint sock:inet_sock_set_state, state 10 is LISTEN), of every
 * network namespace, through an instance of the tracer that is this program's own: what anybody else traces is left
 * alone, and nothing is mounted. The instance of a guard that was killed is taken away by the next one. Root's alone.
 */
const SCRIPT = `
trap '' PIPE
instances=$1/instances
[ -d "$instances" ] || { echo "tracefs is not mounted at $1" >&2; exit 3; }
for old in "$instances"/ecluse-*; do
  [ -d "$old" ] && [ ! -d "/proc/\${old##*-}" ] && rmdir "$old"
done
own=$instances/ecluse-$$
event=$own/events/sock/inet_sock_set_state
mkdir "$own" || exit 3
reader=
trap '[ -z "$reader" ] || { kill "$reader" 2>/dev/null; wait "$reader"; }; rmdir "$own"' EXIT
trap 'exit 0' TERM INT HUP
echo 16 > "$own/buffer_size_kb" && echo 'newstate == 10' > "$event/filter" && echo 1 > "$event/enable" || exit 3
echo ready
cat "$own/trace_pipe" &
reader=$!
wait "$reader"
reader=
`;

/** `tracefs` is where the kernel's tracer is mounted, as systemd does it. */
export function listeningSockets(tracefs = '/sys/kernel/tracing'): Wake {
  return {
    id: 'listening-sockets',
    title: 'new listening sockets, by the kernel’s tracer',
    argv: ['sh', '-c', SCRIPT, 'ecluse-sockets', tracefs],
    needs: 'root, and tracefs mounted and writable',
  };
}
