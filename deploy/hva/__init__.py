"""The command `hva`: one module for each verb."""
