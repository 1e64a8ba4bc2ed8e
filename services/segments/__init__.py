"""The segments family: membership of the multidisciplinary segment, and figures of the care stream."""
