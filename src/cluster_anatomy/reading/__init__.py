"""Files of strangers: sheets, headings, columns, values, years, and what is wrong with them."""
