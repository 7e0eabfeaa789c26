"""From frame features and class texts to labels; numpy alone, no model."""
