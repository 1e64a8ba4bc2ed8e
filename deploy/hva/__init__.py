"""The command `hva`: one file a verb."""
