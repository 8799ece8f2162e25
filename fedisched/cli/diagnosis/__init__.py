"""What `doctor` looks at, a module for each kind of thing. A check is a function that takes the `Case` and yields a
`Diagnosis` for each thing that it looked at; it changes nothing, and sends no credential anywhere."""
