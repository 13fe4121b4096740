"""Who a child is: the vault, linkage of records without a document, review of links."""
