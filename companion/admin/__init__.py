"""What who runs the companion sees and does: accounts, jobs, boxes, the audit log, flags."""
