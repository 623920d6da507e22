"""Where events come from: one module per store or carrier. Each verifies a webhook on its raw bytes and reads
it into events and sightings; none touches the database, the clock or the network."""
