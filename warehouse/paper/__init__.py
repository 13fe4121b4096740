"""Paper: PDF pages by Typst from templates beside it. What is filled in is data and never markup."""
