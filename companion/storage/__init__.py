"""Where files are kept: in the companion's folder, or in an S3 bucket."""
