"""Training, selection and scoring; imports nothing of ours: paths and tables are passed in."""
