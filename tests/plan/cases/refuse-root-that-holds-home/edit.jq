.root.path = $case
