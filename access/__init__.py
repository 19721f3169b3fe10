"""Who may call: API keys, tokens and what they allow. Knows no HTTP framework."""
