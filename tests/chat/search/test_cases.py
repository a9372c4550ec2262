"""Search finds texts in many scripts, before and after they are indexed."""

import unicodedata

import pytest

from chat.models import ChatMessage, ChatSession
from chat.search.index import index_pending
from tests.chat.search.test_search import find


def nfd(text):
    return unicodedata.normalize("NFD", text)


CODE = (
    "Compare Alphax/Betax and see src/libx/i18nx.ts, photox.png, "
    "https://docs.examplex.org/guidex/installx.html and userx@mailx.example, version "
    "2026.4.10-rc7, snake_casex_namex, fooBarx, C++x, #hashtagx, @mentionx, e.g. Nodex.js and "
    "well-knownx; the .env file, we wrote it in C++"
)

FOUND = [
    *[
        (CODE, query)
        for query in (
            *("Alphax", "Betax", "Alphax/Betax", "libx", "i18nx", "i18nx.ts", "photox", "png"),
            *(
                "photox.png",
                "examplex",
                "docs.examplex.org",
                "guidex",
                "installx",
                "installx.html",
            ),
            *("https://docs.examplex.org/guidex/installx.html", "userx", "mailx", "2026.4", "rc7"),
            *("casex", "namex", "snake_casex_namex", "hashtagx", "mentionx", "#hashtagx", "Nodex"),
            *("Nodex.js", "knownx", "well-knownx", "well-know", "userx@mailx.example", "foo_barx"),
            *("src/libx/i18nx.ts", "fooBarx", "foobarx", "barx", ".env", "c++", "@mentionx"),
        )
    ],
    ("he said “wordz” twice", "wordz"),
    ("l’amour", "amour"),
    ("l’amour", "l'amour"),
    ("alpha—betaz", "betaz"),
    ("10\u202fkm", "km"),
    ("10\u202fkm", "10 km"),
    ("✅done", "done"),
    ("✅done", "✅"),
    ("苹果，香蕉", "香蕉"),
    ("a pelican", "lican"),
    (nfd("Zimowa łąkaq"), "łąkaq"),
    ("Zimowa łąkaw", nfd("łąkaw")),
    (nfd("테스트 문서입니다"), "테스트"),
    ("ПРИВЕТИК мир", "приветик"),
    ("приветнак мир", "ПРИВЕТНАК"),
    ("ΣΥΜΒΑΣΙΣ", "συμβασις"),
    ("ΓΡΑΜΜΗ", "γραμμη"),
    ("GRÖSSENWAHN", "größenwahn"),
    ("GRÖßENWAHNX", "größenwahnx"),
    ("ＦＵＬＬＷ text", "fullw"),
    ("crème brûléex", "bruleex"),
    ("İSTANBULX", "istanbulx"),
    ("مُحَمَّدٌ", "محمد"),
    ("محـــمد", "محمد"),
    ("שָׁלוֹם עולם", "שלום"),
    ("party 🎉 time", "🎉"),
    ("go🎉goq", "goq"),
    ("family 👨‍👩‍👧 here", "👨‍👩‍👧"),
    ("well done 👍🏽", "👍"),
    ("Donau\u00addampfq", "Donaudampfq"),
    ("eins\u00a0zweiq", "zweiq"),
    ("don’tq panic", "don'tq"),
    ("สวัสดีครับ", "ครับ"),
    ("第一句話。第二句話！", "第二句話"),
    ("東京　大阪", "大阪"),
    *[
        ("见面吧!在最美的时光,和最值得的人看场电影", query)
        for query in ("时光", "在最美的时光", "电影", "见面吧", "电")
    ],
    ("バッタと鈴虫", "バッタ"),
    ("バッタと鈴虫", "鈴虫"),
    ("ﾊﾞｯﾀと鈴虫", "バッタ"),
    ("번역을 부탁해", "번역"),
    ("번역을 부탁해", "번역 부탁"),
    ("这是一个测试", "测试"),
    ("ភាសាខ្មែរ", "ខ្មែរ"),
    ("ພາສາລາວ", "ລາວ"),
    ("नमस्ते दुनिया", "दुनिया"),
    ("नमस्ते दुनिया", "दुनि"),
    ("বাংলা ভাষা", "ভাষা"),
    ("تعداد ۱۲۳ نفر", "123"),
    ("می‌خواهم", "میخواهم"),
    ("Об этом ещё поговорим", "еще"),
    ("price: 49 €", "€"),
]

NOT_FOUND = [
    (CODE, "gammax"),
    ("C is old", "c++"),
    ("env is short", ".env"),
    ("天很好，气也好", "天气"),
    ("か", "が"),
    ("cart", "ar"),
    ("lazydog", '"lazy dog"'),
    ("party 🎉 time", "🎂"),
]


@pytest.fixture(params=["listed", "indexed"])
def ask(request, api, user):
    """Store a message, and return how many sessions are found by a query."""

    def stored_and_found(text, query):
        session = ChatSession.objects.create(user=user, title="-", model="m")
        ChatMessage.objects.create(session=session, role="user", content=text)
        if request.param == "indexed":
            index_pending()
        return find(api, query)["count"]

    return stored_and_found


@pytest.mark.parametrize(("text", "query"), FOUND)
def test_is_found(ask, text, query):
    assert ask(text, query) == 1


@pytest.mark.parametrize(("text", "query"), NOT_FOUND)
def test_is_not_found(ask, text, query):
    assert ask(text, query) == 0
