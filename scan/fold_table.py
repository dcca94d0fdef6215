#!/usr/bin/env python3
"""Writes scan/fold_table.c: scan/fold_table.py > scan/fold_table.c

Compatibility mappings and marks come from Python's unicodedata (Unicode Character Database);
what merely looks like a Latin letter is the table below, made by looking at the characters.
"""
import unicodedata

# Characters that look like the Latin letter before them.
LOOKS = {
    # Greek, Cyrillic, Armenian, Cherokee, Coptic, Lisu, Latin's own variants
    'A': 'ΑАᎪꓮⲀᴀ', 'B': 'ΒВᏴᗷꓐⲂʙ', 'C': 'СᏟꓚⲤϹᴄ', 'D': 'ᎠᗞꓓᴅÐĐ', 'E': 'ΕЕᎬꓰⲈᴇ', 'F': 'ϜᖴꓝԲ', 'G': 'ԌᏀᏳꓖɢԍ',
    'H': 'ĦΗНᎻᕼꓧⲎʜн', 'I': 'ΙІӀꓲⲒɪ|'.replace('|', ''), 'J': 'ЈᎫᒍꓙᴊͿ', 'K': 'ΚКᏦꓗⲔᴋк', 'L': 'ŁᏞᒪꓡⳐʟԼ', 'M': 'ΜМᎷꓟⲘᴍм',
    'N': 'ΝꓠⲚɴ', 'O': 'ΟОՕꓳⲞᴏØ', 'P': 'ΡРᏢᑭꓑⲢᴘ', 'Q': 'Ԛ', 'R': 'ᎡᏒᖇꓣʀ', 'S': 'ЅՏᏕꓢꜱ', 'T': 'ŦΤТᎢꓔⲦᴛ',
    'U': 'ՍᑌꓴᴜԱ', 'V': 'ѴᏙꓦᴠ', 'W': 'ԜᎳꓪᴡ', 'X': 'ΧХꓫⲬ', 'Y': 'ΥҮᎩꓬⲨʏ', 'Z': 'ΖᏃꓜⲌᴢ',
    'a': 'аαɑⲁ', 'b': 'ЬᏏɓƄ', 'c': 'сϲⲥ', 'd': 'ԁᏧɗđð', 'e': 'еҽєℯ', 'f': 'ƒքϝ', 'g': 'ɡցɠ', 'h': 'һհɦħ', 'i': 'іıιӏɩ'.replace('ӏ', ''),
    'j': 'јϳʝ', 'k': 'κⲕƙ', 'l': 'ӏłɭƖ', 'm': 'ɱ', 'n': 'ոռɲŋ', 'o': 'оοօⲟøσ', 'p': 'рρⲣƿ', 'q': 'ԛգզ', 'r': 'гᴦɾⲅ', 's': 'ѕƽʂ',
    't': 'τŧƭ', 'u': 'υսʋꞟ', 'v': 'νѵ', 'w': 'ԝաɯω', 'x': 'хχⲭ', 'y': 'уүγყ', 'z': 'ʐƶ', '3': 'ЗӠƷȜ', '4': 'Ꮞ', '6': 'Ꮾб', '8': 'Ȣȣ',
    '-': '‐‑‒–—―−⁃﹘ー', '_': 'ߺ', '/': '∕⁄⧸╱', ':': '։ː∶꞉׃', '.': '․', '=': '꞊᐀゠', '+': '᛭➕', '~': '∼˜', '!': 'ǃ', "'": '‘’‛′ʼˈ',
    '"': '“”‟″', '*': '∗٭', '@': '', ',': '‚٬',
}
# Letters in a circle or square that have no compatibility mapping.
EXTRA = {c: chr(0x41 + (c - 0x1F150)) for c in range(0x1F150, 0x1F16A)}
EXTRA.update({c: chr(0x41 + (c - 0x1F170)) for c in range(0x1F170, 0x1F18A)})
EXTRA.update({c: chr(0x41 + (c - 0x1F1E6)) for c in range(0x1F1E6, 0x1F200)})
EXTRA.update({c: chr(0x31 + (c - 0x2776)) for c in range(0x2776, 0x277F)})
EXTRA[0x24FF] = '0'
LOW_FIRST, LOW_END = 0x80, 0x590


def is_mark(c):
    return unicodedata.category(chr(c)) in ('Mn', 'Me')


def folded(c):
    for to, like in LOOKS.items():
        if chr(c) in like:
            return to
    if c in EXTRA:
        return EXTRA[c]
    text = unicodedata.normalize('NFKD', chr(c))
    text = ''.join(LIKE.get(x, x) for x in text if not is_mark(ord(x)))
    return text if text.strip() and all(0x20 <= ord(x) < 0x7F for x in text) else ''


LIKE = {x: to for to, like in LOOKS.items() for x in like}


def quoted(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"').replace('?', '\\?') + '"'


def wrapped(text, width=84):
    return '\n\t'.join(quoted(text[i:i + width]) for i in range(0, len(text), width))


def segments(single):
    """Runs of characters with few gaps: (first, text), a space for one without a mapping."""
    ret = []
    for c in sorted(single):
        if ret and c - (ret[-1][0] + len(ret[-1][1])) < 12:
            first, text = ret[-1]
            ret[-1] = (first, text + ' ' * (c - first - len(text)) + single[c])
        else:
            ret.append((c, single[c]))
    return ret


def ranges(marks):
    ret = []
    for c in marks:
        if ret and ret[-1][1] + 1 == c:
            ret[-1][1] = c
        else:
            ret.append([c, c])
    return ret


def rows(items, per):
    return '\n'.join('\t' + ' '.join(items[i:i + per]) for i in range(0, len(items), per))


def main():
    mapped = {c: folded(c) for c in range(0x80, 0x20000) if not 0xD800 <= c < 0xE000 and not is_mark(c)}
    single = {c: t for c, t in mapped.items() if len(t) == 1}
    longer = {c: t for c, t in mapped.items() if len(t) > 1}
    marks = [c for c in range(0x300, 0x20000) if is_mark(c) and not 0xFE00 <= c <= 0xFE0F and not 0x180B <= c <= 0x180F]
    low = ''.join(single.get(c, ' ') for c in range(LOW_FIRST, LOW_END))
    high = segments({c: t for c, t in single.items() if c >= LOW_END})
    print('/* Made by scan/fold_table.py from Unicode', unicodedata.unidata_version + '. */')
    print('#include "scan/fold_table.h"\n\n#include "base/ptr.h"\n\n/* clang-format off */')
    print('const char fold_low[] =\n\t' + wrapped(low) + ';\n')
    print('const struct fold_segment fold_segments[] = {')
    print(rows([f'{{0x{c:X}, {len(t)}, {quoted(t)}}},' for c, t in high], 1))
    print('};\nconst size_t fold_n_segments = ARRAY_LEN(fold_segments);\n')
    print('const struct fold_long fold_longs[] = {')
    print(rows([f'{{0x{c:X}, {quoted(t)}}},' for c, t in sorted(longer.items())], 6))
    print('};\nconst size_t fold_n_longs = ARRAY_LEN(fold_longs);\n')
    print('const struct fold_range fold_marks[] = {')
    print(rows([f'{{0x{a:X}, 0x{b:X}}},' for a, b in ranges(marks)], 6))
    print('};\nconst size_t fold_n_marks = ARRAY_LEN(fold_marks);')


main()
