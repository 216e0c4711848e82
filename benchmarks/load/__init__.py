"""Load for the benchmarks: traffic of many calls, the relays it goes through, what they use."""
