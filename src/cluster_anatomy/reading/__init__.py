"""Files of strangers: sheets, headings, columns, values, and what is wrong with them."""
