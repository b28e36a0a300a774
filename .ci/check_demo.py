"""Judges what `peregrine demo --json` printed: one object, and the ledgers agree to the last unit."""

import json
import sys


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    try:
        told = json.loads(text)
    except ValueError as error:
        print(f"the demo did not print one JSON object ({error}):\n{text}")
        return 1
    faults = []
    for key, want in [("ledger_match", True), ("repairs", []), ("open_orders_at_end", 0)]:
        if key not in told or told[key] != want:
            faults.append(f"{key} is {told.get(key, 'missing')}, and must be {want}")
    for key in ["market_events", "orders_sent"]:
        if not told.get(key, 0) > 0:
            faults.append(f"{key} is {told.get(key, 'missing')}: nothing happened")
    full = {ring: count for ring, count in told.get("ring_full", {}).items() if count}
    if full:
        faults.append(f"rings were full: {full}")
    for fault in faults:
        print(fault)
    if faults:
        print(text)
        return 1
    shown = {key: told.get(key) for key in ["market_events", "orders_sent", "fills", "pnl_quote"]}
    print(f"the ledgers match: {shown}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
