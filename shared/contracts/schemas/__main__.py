"""`python -m shared.contracts.schemas`: writes the JSON Schemas of all event types and of the segment stream."""

from shared.contracts.schemas.build import write_all

if __name__ == "__main__":
    write_all()
