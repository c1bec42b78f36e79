"""Every word that people read: that it is easy, in both languages, and that none is left over.

`test_words --table` lists every sentence of a notice (src/deliver/test_words.c holds that they are true), and share/i18n has
those of the pages. English is graded by Flesch and Kincaid, Spanish by Szigriszt-Pazos's perspicuity, which INFLESZ
reads as: 65 and more, rather easy; 55, normal. Names and times stand for themselves there, and count here as short words.
"""
import functools
import re
import subprocess
from pathlib import Path

import pytest

from conftest import PROGRAM, ROOT

LANGUAGES = ("en", "es")
MOST_GRADE, LEAST_EASE = 6.0, 70.0  # of a whole notice, a page's text
MOST_WORDS = 20                     # in a sentence
ENTRY = re.compile(r'^msgid "((?:[^"\\]|\\.)*)"\nmsgstr "((?:[^"\\]|\\.)*)"', re.M)
STAND_INS = {"en": ("Sam", "North Jail", "May 6"), "es": ("Ana", "la cárcel", "6 de mayo")}
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.c")}


# ── How hard it is ──


def syllables_en(word):
    """Groups of vowels, less an `e` that is silent. It is right of the words below, and of nearly all of ours."""
    word = re.sub(r"[^a-z]", "", word.lower())
    word = re.sub(r"^some(?=.)|^where(?=.)", lambda m: m.group()[:-1], word)
    word = re.sub(r"(?<=[^aeiouytd])ed$|(?<=[^aeiouysxzcgh])(?<![^aeiouy]l)es$|(?<=[^aeiouy])(?<![^aeiouy]l)e$", "", word)
    return max(1, len(re.findall(r"[aeiouy]+", word)) + len(re.findall(r"eing$|lier$", word)))


def syllables_es(word):
    """One a vowel; but i and u without an accent glide beside another, and u is silent after q and g."""
    word = re.sub(r"([qg])u(?=[eiéí])", r"\1", word.lower())
    word = re.sub(r"y(?![aeiouáéíóú])", "i", word)
    return max(1, sum(max(1, len(re.findall("[aeoáéóíú]", group))) for group in re.findall("[aeiouáéíóúü]+", word)))


SYLLABLES = {"en": syllables_en, "es": syllables_es}


def plain(text, language):
    """With what is no word of ours replaced: times, telephone numbers, addresses, fields."""
    person, place, time = STAND_INS[language]
    text = re.sub(r"\{(?:person|Person)\}", person, text)
    text = re.sub(r"\{(?:facility|Facility|now|Now|detail)\}", place, text)
    text = re.sub(r"\{(?:ending|also)\}", {"en": "a release", "es": "una fuga"}[language], text)
    text = re.sub(r"\{(?:time|date)\}", time, text)
    text = re.sub(r"\{\w+\}", "30", text)
    text = re.sub(r"Sam Lee", person, text)
    text = re.sub(r"(?:East|West|North) Jail", place, text)
    text = re.sub(r"(?:\w+day, \w+ \d+, \d{4}|\w+ \d+ de \w+ de \d{4})(?:, \d+:\d\d [ap]\.m\. \(\w+\))?", time, text)
    text = re.sub(r"jail\.test/log, entry 7", "Log 7", text)
    return re.sub(r"\b[\d-]{4,}\b", "9", text)


def sentences(text):
    return [s for s in re.split(r"[.?!:|]+(?:\s+|$)", text) if re.search(r"\w", s)]


def words(sentence):
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", sentence)


@functools.lru_cache(None)
def counts(text, language):
    """Sentences, words, syllables, and the most words in a sentence."""
    found = [words(s) for s in sentences(plain(text, language))]
    return (len(found), sum(map(len, found)), sum(SYLLABLES[language](w) for s in found for w in s),
            max(map(len, found), default=0))


def grade(lines, language):
    """Of English, a school grade; of Spanish, the ease (more is easier)."""
    n, n_words, n_syllables = (sum(column) for column in list(zip(*(counts(line, language) for line in lines)))[:3])
    if language == "en":
        return 0.39 * n_words / n + 11.8 * n_syllables / n_words - 15.59
    return 206.835 - 62.3 * n_syllables / n_words - n_words / n


def is_easy(lines, language):
    return grade(lines, language) <= MOST_GRADE if language == "en" else grade(lines, language) >= LEAST_EASE


@pytest.mark.parametrize("language, known", [
    ("en", "jail 1 notice 2 notices 3 custody 3 told 1 released 2 moved 1 escaped 2 person 2 people 2 address 2 records 2 "
           "reported 3 something 2 again 2 may 1 mistake 2 happened 2 clearly 2 somebody 3 asked 1 times 1 code 1 hotline 2 "
           "hours 1 any 2 minute 2 private 2 wanted 2 lose 1 being 2 earlier 3 somewhere 2 away 2 facility 4"),
    ("es", "cárcel 2 aviso 3 avisos 3 persona 3 custodia 3 bajo 2 libertad 3 salió 2 murió 2 todavía 4 fuera 2 usted 2 "
           "muchísimas 4 lugar 2 ausencia 3 guíese 3 registro 3 hospital 3 después 2 ahora 3 preguntó 3 qué 1 puede 2 "
           "informó 3 día 2 trasladaron 4 ingresó 3 aquí 2 teléfono 4 muy 1 ya 1 hay 1 escribiremos 5"),
])
def test_syllables_are_counted(language, known):
    pairs = known.split()
    assert {w: SYLLABLES[language](w) for w in pairs[::2]} == dict(zip(pairs[::2], map(int, pairs[1::2])))


def test_what_is_hard_is_found():
    assert not is_easy(["Notification of the individual's conditional discharge from institutional confinement."], "en")
    assert not is_easy(["Notificación de la excarcelación condicional de la persona anteriormente institucionalizada."], "es")
    assert is_easy(["The cat sat on the mat."], "en") and is_easy(["El gato está en la cama."], "es")
    assert counts("One two. Three four five.", "en") == (2, 5, 5, 3)


# ── All that is said ──


@functools.lru_cache(None)
def catalogue(language):
    found = dict(ENTRY.findall((ROOT / "share/i18n" / f"{language}.po").read_text(encoding="utf-8")))
    found.pop("", None)
    return found


@pytest.fixture(scope="module")
def listed():
    """--table and --notices of the program of the same build: {option: {language: [(states, text)]}}."""
    program = Path(PROGRAM).resolve().parent / "test_words"
    if program.parent.name != "src":
        program = Path(PROGRAM).parent / "src" / "test_words"
    subprocess.run(["ninja", "-C", program.parent.parent, "--quiet", "src/test_words"], check=True)
    found = {}
    for option in ("--table", "--notices"):
        done = subprocess.run([program, option], capture_output=True, text=True, check=True)
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        found[option] = {language: [(row[2], row[3]) for row in rows if row[0] == language] for language in LANGUAGES}
    return found


def of_pages(language):
    """What is said outside of notices, and is more than a label."""
    return {key: text for key, text in catalogue(language).items() if key.startswith("page_") and len(words(text)) > 4}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_is_easy_to_read(listed, language):
    hard = [(grade(text.split(" | "), language), states) for states, text in listed["--notices"][language]
            if not is_easy(text.split(" | "), language)]
    assert len(listed["--notices"][language]) > 5000 and not hard, sorted(hard)[-5:]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_and_page_is_easy_to_read(language):
    texts = {key: text for key, text in catalogue(language).items() if len(words(text)) > 4 and "|" not in text}
    hard = {key: (round(grade([text], language), 1), text) for key, text in texts.items()
            if not is_easy([text], language)}
    assert not hard, "\n".join(f"{key}: {grade_} {text}" for key, (grade_, text) in sorted(hard.items()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_long(listed, language):
    texts = [text for _, text in listed["--table"][language] if "asked about" not in text and "preguntó" not in text]
    long = {text: counts(text, language)[3] for text in texts + list(of_pages(language).values())
            if counts(text, language)[3] > MOST_WORDS}
    assert not long


# ── Nothing left over, nothing left out ──


def as_pattern(text):
    return re.compile("".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_said(listed, language):
    said = "\n".join(text for _, text in listed["--table"][language])
    in_pages = {m.lower() for path, text in SOURCES.items() if "web" in path.parts
                for m in re.findall(r"MESSAGE_([A-Z_]+)", text)}
    withheld = {"facility_unknown", "facility_unknown_start"}  # src/deliver/test_words.c says them
    parts = {"months", "weekdays"}
    for key, text in catalogue(language).items():
        if key in parts:
            assert any(word in said for word in text.split("|"))
        elif key not in withheld:
            assert key in in_pages or as_pattern(text).search(said), key


def test_both_languages_say_the_same_of_the_same_states(listed):
    assert list(catalogue("en")) == list(catalogue("es"))
    for option in listed:
        assert [states for states, _ in listed[option]["en"]] == [states for states, _ in listed[option]["es"]]
    alike = {key for key, text in catalogue("en").items() if text == catalogue("es")[key]}
    assert alike == {"date_time", "page_confirm_pin"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_has_a_code_or_a_stray_mark(language):
    for key, text in catalogue(language).items():
        without = re.sub(r"\{\w+\}", "X", text)
        assert "_" not in without and "  " not in text and ".." not in text and text.strip() == text and text, key
