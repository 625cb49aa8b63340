"""Pages: alerts brought to a phone, a chat or a mailbox, through apprise, until a channel took them."""
