"""Pages that open from a message: where the order is (`/t/`), a rating (`/r/`), what to write about (`/p/`).

No login, no cookie, no script, nothing fetched from elsewhere. The signed token in the address says whose page it
is by reference; whoever holds the link sees the page, so it shows a first name at most and never an address.
`visit` reads the token, `language` chooses whose language it speaks (what it says is in
`templates/library/_pages`), `pages` writes the HTML, `headline` and `parcels` choose the words, `words` the days; the
rest are the routes.
"""
