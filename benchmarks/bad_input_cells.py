"""Cells that do harm, by kind: what `bad_input` writes into the tables that it damages."""

LARGEST = 131_072
"""The longest cell that the reader takes, the limit of Python's csv module."""

YEARS = [
    *["0", "99999", "1e3", "19_98", "-1998", "1998.0"],
    "c. 1998",
    *["１９９８", "١٩٩٨"],
    "1998 ",
    *["98", "2101", "1799", "+1998", "1998–2000", "199O"],
    *["1,998", "1998-05-01", "inf", "0x7CE"],
    "1998\n",
    *["1998?", "'98", "2100", "1800", "01998"],
]
NUMBERS = [
    *["1e5", "+1e5", "1,234", "1.234,5"],
    "1 234",
    *["1_000", "inf", "-inf", "1e999", "1e-400", "0x10", "٣"],
    *["½", "1e", "--1", ".", "-.5", "+.5", "007"],
    *["12345678901234567890", "0.1234567890123456789"],
    "9" * 400,
    *["5%", "$5", "(5)", "1/2", "TRUE", "-0", "123456789012345", "1234567890123456"],
    *["0.30000000000000004", "1.7976931348623157e308", "2.5", "３", "1e22", "5.", "3e0"],
]
FORMULAS = [
    '=HYPERLINK("http://example.org","x")',
    *["=1+1", "+1", "-1", "@SUM(A1:A9)"],
    "\t=1+1",
    *["'=1", "''=1"],
    "=cmd|' /C calc'!A0",
    "＝1+1",
    " =1",
    *["-2+3", "+18%", "'", "''", "'x", "'-1", "'+18%", "-", "@home"],
    "' =1",
    "'\t=1",
    *['=1"x', "'@"],
]
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    *["[x](javascript:alert(1))", "&lt;b&gt;", "</script><!--", "{{7*7}}"],
    "{% raw %}",
    *["$(reboot)", "`x`", "__proto__", "${jndi:ldap://x}"],
    "'; DROP TABLE firms; --",
    *["../../etc/passwd", "{0.__class__}", "$$x^2$$", "%s%n", "\\x41"],
    "| a | b |",
    "# heading",
    *["javascript:alert(1)", "data:text/html,x", "http://", "https://example.org/<script>"],
    *["HTTPS://EXAMPLE.ORG/", "//example.org"],
]
CONTROLS = [
    *map(chr, [0, 1, 7, 8, 11, 12, 26, 27, 28, 31, 127, 133, 159]),
    "\x1b[31mred\x1b[0m",
    "a\x00b",
]
DIRECTIONS = [
    *["\u202eabc", "a\u2066b\u2069", "\u200fx", "\u061cx", "\u200ex"],
    *["evil\u202egpj.exe", "\u202d1998"],
]
BLANKS = [
    *[" ", "   ", "\u00a0", "\u3000", "\t", "\n", "\u2003"],
    *[" x", "x ", "x\u00a0", "a  b"],
]
ZERO_WIDTH = [
    *["a\u200bb", "\u2060a", "a\ufeff", "a\u200cb", "a\u200db"],
    *["a\u00adb", "a\u180eb", "\U000e0041x", "\u200b"],
]
LINES = [
    *["a\nb", "a\r\nb", "a\rb", "a\u2028b", "a\u2029b", "a\u0085b"],
    *["\r=1", "\r\n", "\r"],
]
ODD = [
    *["e\u0301", "é", "Асme", "🧬 Gene", "Z̷̰͝a̴l̸g̶o", "𠀀𪚥"],
    *["\ue000", "\ufffe", "\ufffd", "\uffff", "ﬁ", "Ａ", "邊󠄁", "ß", "İ", "𝟏𝟗𝟗𝟖"],
]
LONG = [
    *["x" * 81, "x" * 3000, "x" * LARGEST, "x" * (LARGEST + 1)],
    *["甲" * LARGEST, "= " * 60_000, "|" * LARGEST],
]

CELLS = {
    "year": YEARS,
    "number": NUMBERS,
    "missing word": [
        *["NA", "N/A", "NaN", "nan", "None", "null", "NULL", "-", "?", "#N/A", "<NA>", "NaT"],
        "",
        "undefined",
    ],
    "look-alike": [
        *["007", "1e5", "TRUE", "1998-01-01", "MARCH1", "1/2"],
        *["00:30", "1E5", "0x1F", "3.10", "٣"],
    ],
    "blanks": BLANKS,
    "formula": FORMULAS,
    "markup": MARKUP,
    "control character": CONTROLS,
    "direction control": DIRECTIONS,
    "right-to-left text": ["שלום ביוטק", "شركة الأدوية", "ABC שלום 12", "فارسی\u200cها"],
    "zero width": ZERO_WIDTH,
    "line separator": LINES,
    "odd unicode": ODD,
    "list": [
        "|",
        "a||b",
        "|a",
        "a|",
        " a | b ",
        *["a|a", "||||", "a;b", "a,b", "a｜b"],
        "a|" * 999 + "a",
    ],
    "unknown name": [
        *["Atlantis", "atlantis|Mordor", "C999999", "zz-none"],
        *["x" * 90, "unknown", "YES", "Yes", "no "],
    ],
    "long": LONG,
}
