"""The accounts of the demo in words."""

from gatewayd.app.demo.accounts import Ledger


def summary(ledger: Ledger) -> str:
    f = ledger.figures
    scans = f"{f['scans']} scans: {f['admitted']} admitted, {f['refused']} refused"
    bodies = f"{f['passages_in']} people went in and {f['passages_out']} out"
    events = f"{f['events_journaled']} events are on disk, {f['events_received']} at the centre"
    lines = [
        f"{scans}, {f['referred']} referred; the officer let {f['officer_admitted']} in by hand.",
        f"{bodies}; {f['breaches']} forced the arm, {f['unused_grants']} did not walk through.",
        f"{f['occupancy']} are inside now.",
        f"{events} ({f['duplicates']} came twice), {f['events_lost']} were lost.",
        f"{f['cache_hits']} scans were of people whom the gate knew already.",
    ]
    for one in ledger.statements:
        what = f"as it says, {one.acts} times" if one.is_right else "NOT AS IT SAYS, see below"
        lines += ["", f"{one.number}  {one.id}", f"     {one.en}", f"     What happened: {what}."]
    if ledger.statements:
        lines.append("")
    if ledger.problems:
        lines += ["", "THE ACCOUNTS DO NOT ADD UP:"]
        lines += [f"- {problem}" for problem in ledger.problems]
    else:
        lines.append("The accounts add up: no scan without a verdict, no opening without a record.")
    return "\n".join(lines)
