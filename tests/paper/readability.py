"""How easily a Spanish text reads: the formula of Fernández Huerta (1959).

J. Fernández Huerta, «Medidas sencillas de lecturabilidad», Consigna 214 (1959), 29-32: 206.84 - 60 P - 1.02 F, where P are
syllables per word and F words per sentence. F was printed as sentences per 100 words, which the author's own example
contradicts: G. Law, «Error in the Fernández Huerta Readability Formula» (2011). 70 to 80 is fairly easy (sixth grade).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"[a-záéíóúüñ]+|\d+", re.IGNORECASE)
SENTENCE = re.compile(r"[.:;?!]+(?:\s|$)")
STRONG, WEAK, STRESSED_WEAK = "aeoáéó", "iuü", "íú"
LETTERS_BY_NAME = {"dni": 3, "ugel": 2, "demuna": 3, "cem": 1, "upe": 2}  # said as they are read out


def syllables(word: str) -> int:
    """Return the syllables of a word: a weak vowel without stress joins its neighbor, two strong ones part."""
    word = word.lower()
    if word in LETTERS_BY_NAME:
        return LETTERS_BY_NAME[word]
    if word.isdigit():
        return 2 * len(word)
    word = re.sub(r"qu(?=[eiéí])|gu(?=[eiéí])", "k", word)
    word = re.sub(r"y(?![aeiouáéíóú])", "i", word)  # «muy», «y»
    return sum(map(_in_run, re.findall(rf"[{STRONG}{WEAK}{STRESSED_WEAK}]+", word))) or 1


def _in_run(vowels: str) -> int:
    """Return the syllables of vowels that stand together; h between them parts them already."""
    n = 0
    before = ""
    for vowel in vowels:
        is_joined = before and (
            (vowel in WEAK and before not in STRESSED_WEAK) or (before in WEAK and vowel not in STRESSED_WEAK)
        )
        n += not is_joined
        before = vowel
    return n


def ease(texts: Iterable[str]) -> float:
    """Return how easily texts read; each ends a sentence."""
    n_words = n_sentences = n_syllables = 0
    for text in texts:
        words = WORD.findall(text)
        n_words += len(words)
        n_sentences += max(1, sum(1 for part in SENTENCE.split(text) if WORD.search(part)))
        n_syllables += sum(map(syllables, words))
    return 206.84 - 60 * n_syllables / n_words - 1.02 * n_words / n_sentences
