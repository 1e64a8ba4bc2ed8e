/** A version of a fact: the higher rank wins; `cell` is null if it counts nothing. */
record Version(String rank, String cell, Counts counts) {}
