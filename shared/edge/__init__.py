"""The only rooms that know FastStream and aiokafka."""
