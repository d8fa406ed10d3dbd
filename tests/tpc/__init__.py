"""TPC-H and TPC-DS asked as metric queries, beside the benchmarks' own SQL."""
