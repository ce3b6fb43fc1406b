"""What people read and hear: templates turned into SMS, calls, e-mails, letters and advisors' sentences."""
