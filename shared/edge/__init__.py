"""The only modules that import FastStream and aiokafka."""
