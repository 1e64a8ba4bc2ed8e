"""Publication: figures of a family, county and calendar year are read, protected and stored in schema `report`."""
