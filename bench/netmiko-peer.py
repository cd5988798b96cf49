"""The peer of the bench `ssh`: netmiko reads the same commands from the same host, as a script of a network team would.

Called with one JSON object on standard input: {port, user, key, hosts, parallel, commands}; prints {seconds, bytes}.
"""
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from netmiko import ConnectHandler


def read(wanted):
    connection = ConnectHandler(
        device_type="linux",
        host="127.0.0.1",
        port=wanted["port"],
        username=wanted["user"],
        use_keys=True,
        key_file=wanted["key"],
        allow_agent=False,
    )
    try:
        return sum(len(connection.send_command(command)) for command in wanted["commands"])
    finally:
        connection.disconnect()


def main():
    wanted = json.load(sys.stdin)
    start = time.monotonic()
    with ThreadPoolExecutor(max_workers=wanted["parallel"]) as pool:
        total = sum(pool.map(read, [wanted] * wanted["hosts"]))
    json.dump({"seconds": time.monotonic() - start, "bytes": total}, sys.stdout)


main()
