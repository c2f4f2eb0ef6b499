# ruff: noqa: RUF001  # letters of other alphabets are what these tables are for
"""Short words that synthetic posts, people and notices are made of.

Promises plain tables of plain text; every host named in them ends in `.example`. Knows nothing of
posts, people or time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = [
    "ANNOUNCEMENTS",
    "APPLICATIONS",
    "CUSTOM_EMOJI",
    "DOMAINS",
    "EMOJI",
    "FIELDS",
    "HASHTAGS",
    "HEADLINES",
    "NAMES",
    "POLLS",
    "REACTIONS",
    "WARNINGS",
    "Headline",
    "Name",
]


class Name(NamedTuple):
    """A person's name: for addresses, for people, and the language they write."""

    username: str
    display_name: str
    language: str


class Headline(NamedTuple):
    """An invented article that posts link to."""

    title: str
    description: str
    provider: str
    url: str
    language: str


NAMES: Final = tuple(
    Name(*line)
    for line in (
        ("mara_lindt", "Mara Lindt", "de"),
        ("joris", "Joris van Dam", "nl"),
        ("hanako_m", "森 花子", "ja"),
        ("tomas_reyes", "Tomás Reyes", "es"),
        ("leila_h", "ليلى حداد", "ar"),
        ("petra", "Petra 🐝", "de"),
        ("oskar_k", "Oskar Koskela", "fi"),
        ("ayse_d", "Ayşe Demir", "tr"),
        ("weiwei", "李薇", "zh"),
        ("nina_p", "Нина Павлова", "ru"),
        ("dan_okoro", "Dan Okoro", "en"),
        ("chiara", "Chiara B. :blobcat:", "it"),
        ("minjun", "김민준", "ko"),
        ("rohan_s", "रोहन शर्मा", "hi"),
        ("beatriz", "Beatriz Faria", "pt"),
        ("etienne", "Étienne L’Hôte", "fr"),
        ("kasia_w", "Kasia Wrona", "pl"),
        ("noa_b", "נועה ברק", "he"),
        ("somchai", "สมชาย", "th"),
        ("eleni", "Ελένη Β.", "el"),
        ("olena_k", "Олена Коваль", "uk"),
        ("parisa", "پریسا", "fa"),
        ("wren", "Wren & the Router", "en"),
        ("quietbot", "Quiet Bot <beep>", "en"),
        ("sofia_g", "Sofía Galán", "es"),
        ("yuki", "ゆき ❄️", "ja"),
        ("malik", "Malik", "fr"),
        ("iris_blau", "Iris Blau :verified:", "de"),
        ("henrique", "Henrique Sá", "pt"),
        ("taro_n", "中村 太郎", "ja"),
        ("xiaolan", "小蓝", "zh"),
        ("solene", "Solène", "fr"),
        ("abe_harper", "Abe Harper", "en"),
        ("jamila", "جميلة", "ar"),
        ("soyeon", "이소연", "ko"),
        ("mikko", "Mikko ⚓", "fi"),
        ("anja_r", "Anja R. (she/her)", "de"),
        ("priya", "प्रिया", "hi"),
        ("emre", "Emre Yıldız", "tr"),
        ("gleb", "Глеб", "ru"),
        ("marek", "Marek Sowa", "pl"),
        ("june", "June 👩🏽‍🚀", "en"),
        ("pietro", "Pietro", "it"),
        ("fleur", "Fleur 🌷", "nl"),
        ("cass", "cass :python:", "en"),
    )
)

DOMAINS: Final = (
    "meadow.example",
    "social.harbour.example",
    "toot.lighthouse.example",
    "nightbus.example",
    "xn--bcher-kva.example",
    "mast.fennel.example",
)

HASHTAGS: Final = (
    "python",
    "caturday",
    "fediverse",
    "photography",
    "opensource",
    "bread",
    "trains",
    "gardening",
    "birds",
    "music",
    "mastodon",
    "写真",
    "ねこ",
    "libros",
)

CUSTOM_EMOJI: Final = ("blobcat", "python", "verified", "sourdough", "trunk")

EMOJI: Final = (
    "🐘",
    "🎉",
    "☕",
    "🐈‍⬛",
    "👩🏽‍🚀",
    "🏳️‍🌈",
    "🚆",
    "🌧️",
    "🍞",
    "🇫🇮",
    "👍🏿",
    "🫶",
    "1️⃣",
    "𝄞",
)

APPLICATIONS: Final = (
    ("Web", None),
    ("Web", None),
    ("Burrow for Pockets", "https://burrow.example/"),
    ("Snout", "https://snout.example/"),
)

WARNINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("food", "long, about trains", "mild grumbling", "spoilers: the lighthouse"),
    "de": ("Essen", "lang, Bahn", "Spinne (freundlich)"),
    "fr": ("nourriture", "un peu long", "râlerie légère"),
    "es": ("comida", "largo", "queja pequeña"),
    "pt": ("comida", "desabafo"),
    "ja": ("ごはん", "長文", "ネタバレ"),
    "zh": ("食物", "长文"),
    "ko": ("음식", "긴 글"),
    "ru": ("еда", "длинно"),
    "ar": ("طعام", "نص طويل"),
    "pl": ("jedzenie", "długie"),
    "fi": ("ruoka", "pitkä"),
}

POLLS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("Yes", "No", "It depends", "Show me the results"),
    "de": ("Ja", "Nein", "Nur sonntags"),
    "fr": ("Oui", "Non", "Ça dépend"),
    "es": ("Sí", "No", "Depende"),
    "ja": ("はい", "いいえ", "結果を見る"),
    "zh": ("是", "否", "看情况"),
    "ar": ("نعم", "لا", "ربما"),
    "hi": ("हाँ", "नहीं", "शायद"),
    "ru": ("Да", "Нет", "Как получится"),
}

FIELDS: Final = (
    ("Pronouns", "they/them"),
    ("Languages", "two and a half"),
    ("📍", "near the water"),
    ("Garden", "beans, mostly"),
    ("سکونت", "کنار دریا"),
    ("趣味", "電車と珈琲"),
)

HEADLINES: Final = tuple(
    Headline(*line)
    for line in (
        (
            "A night train returns after twenty years",
            "Passengers bring blankets, a conductor brings tea, and the timetable holds.",
            "Platform Nine Gazette",
            "https://gazette.example/rail/night-train",
            "en",
        ),
        (
            "How we lost a heartbeat & found it again",
            "A post-mortem about silence, sockets and one comment line.",
            "Small Systems",
            "https://smallsystems.example/posts/heartbeat",
            "en",
        ),
        (
            "Was das Moor behält",
            "Warum nasser Boden ein gutes Gedächtnis hat.",
            "Der Uferbote",
            "https://uferbote.example/natur/moor",
            "de",
        ),
        (
            "Le pain de l’île",
            "Une boulangère, un four et le sel de la marée.",
            "La Digue",
            "https://ladigue.example/cuisine/pain",
            "fr",
        ),
        (
            "灯台守の一日",
            "港でいちばん早起きの仕事をたずねる。",
            "みなと日和",
            "https://minato.example/toudai",
            "ja",
        ),
        (
            "Un faro, tres gatos y un archivo",
            "La historia de quien guarda las cartas que nadie reclamó.",
            "Marea Baja",
            "https://mareabaja.example/faro",
            "es",
        ),
        (
            "مكتبة تعير البذور",
            "حيّ صغير يزرع رفوفه قبل شرفاته.",
            "الضفة",
            "https://addiffa.example/library",
            "ar",
        ),
    )
)

ANNOUNCEMENTS: Final = (
    "Maintenance tonight at 02:00 UTC; streams will reconnect by themselves. 🛠️",
    "We moved to bigger disks. Nothing should look different, and that is the point.",
    "Registrations are open again. Welcome, and please write a few words about yourselves.",
    "Wartung am Sonntag: der Server macht zehn Minuten Pause. ☕",
    "The custom emoji contest has a winner: :blobcat:",
)

REACTIONS: Final = ("🎉", "👍", "🤔", "🐘", "❤️", "blobcat")
