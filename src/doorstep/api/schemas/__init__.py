"""What the API takes and answers, beyond the views of `models.reading`; and an example of each."""
