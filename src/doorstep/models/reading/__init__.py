"""What support reads: queries over the tables only. They answer with every worker, and Temporal, stopped.

`detail` one journey whole, `listing` many by filter, `search` by what a customer says on the phone;
`views` is what they answer (the API publishes those models as they are), `sentences` and `wismo` put it in words.
"""
