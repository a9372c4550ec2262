"""Queries with what people expect to find by them, in many scripts and kinds of text.

Each text is a chat of one message. The queries below it, separated by ` ¦ `, are to find that
chat and no other, except those of SHARED. Others of the texts are there to be found wrongly.
"""

import unicodedata

SEPARATOR = " ¦ "


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


KINDS: dict[str, list[tuple[str, str]]] = {
    "English": [
        (
            "The quick brown marsupial jumps over a sleepy hedgehog near the river.",
            "marsupial ¦ hedgehog ¦ brown marsupial ¦ hedgehog brown ¦ marsup ¦ hedge ¦"
            ' sleepy hedgehog ¦ "sleepy hedgehog" ¦ MARSUPIAL ¦ edgeho ¦ quick river',
        ),
        (
            "She said “wonderworld” twice — don’t panic, it’s fine…",
            "wonderworld ¦ don't panic ¦ don’t panic ¦ \"don't panic\" ¦ panic ¦ wonderwor ¦"
            ' "wonderworld twice" ¦ derworl',
        ),
        (
            "Recipe: sourdough bread with rye flour, baked for 45 minutes at 230°C.",
            "sourdough ¦ rye flour ¦ dough bread ¦ sourdough rye ¦ 230 ¦ 45 minutes ¦ recipe rye",
        ),
        (
            "The pelican brief was a café favourite; naïve readers liked its façade.",
            "pelican ¦ lican ¦ cafe ¦ café ¦ naive ¦ naïve ¦ facade ¦ façade ¦ CAFÉ ¦"
            " pelican facade",
        ),
        ("Catalogue of concatenated categories.", "concatenated ¦ categories ¦ catalogue"),
        ("My cat sleeps on the sofa all afternoon.", '"cat" ¦ cat sofa ¦ "my cat" ¦ sofa'),
        (
            "How do I cancel my subscription before the trial ends on 2026-03-15?",
            "subscription ¦ cancel trial ¦ trial ends ¦ 2026-03-15 ¦ subscr ¦ trial -bread",
        ),
    ],
    "code": [
        (
            "def parse_request_header(rawHeaders): return HttpHeaderMap(rawHeaders)",
            "parse_request_header ¦ request_header ¦ rawHeaders ¦ rawheaders ¦ HttpHeaderMap ¦"
            " HeaderMap ¦ headermap ¦ parse_request ¦ raw_headers",
        ),
        (
            "We wrote the engine in C++ and bind it with cython 3.0.11.",
            "C++ ¦ c++ engine ¦ cython ¦ 3.0.11 ¦ cython 3.0",
        ),
        ("The old interpreter is plain C, and c is for cookie.", "interpreter ¦ plain c"),
        ("F# and C# run on .NET; see global.json", "F# ¦ C# ¦ .NET ¦ global.json ¦ c# f#"),
        (
            "docker-compose up -d fails: no configuration file docker-compose.yml provided",
            "docker-compose ¦ docker-compose.yml ¦ docker compose ¦ compose.yml ¦"
            " configuration file",
        ),
        (
            "Put OPENAI_API_KEY into the .env file and never commit it.",
            "OPENAI_API_KEY ¦ openai_api_key ¦ API_KEY ¦ .env ¦ api key commit",
        ),
        (
            "npm ERR! code ERESOLVE unable to resolve dependency tree @vitejs/plugin-react@4.3.1",
            "ERESOLVE ¦ npm ERR! ¦ @vitejs/plugin-react ¦ plugin-react ¦ vitejs ¦ 4.3.1 ¦"
            " dependency tree",
        ),
        (
            "SELECT user_id, count(*) FROM orders_2026 GROUP BY user_id HAVING count(*) > 10;",
            "orders_2026 ¦ group by ¦ HAVING count ¦ select orders ¦ count(*)",
        ),
        (
            "const useMemoizedValue = (fooBarBaz) => fooBarBaz ?? null;",
            "useMemoizedValue ¦ memoized ¦ fooBarBaz ¦ barbaz ¦ foobar",
        ),
        (
            "git rebase --interactive HEAD~3 then force-with-lease",
            "git rebase ¦ --interactive ¦ HEAD~3 ¦ force-with-lease ¦ rebase interactive",
        ),
    ],
    "logs": [
        (
            "2026-11-02T14:33:07.123Z ERROR [worker-7] ConnectionResetError: [Errno 104] reset",
            "ConnectionResetError ¦ Errno 104 ¦ [Errno 104] ¦ worker-7 ¦ 14:33:07 ¦"
            " 2026-11-02T14:33:07 ¦ ResetError",
        ),
        (
            'Traceback (most recent call last): File "/srv/app/billing/invoices.py", line 42',
            "/srv/app/billing/invoices.py ¦ invoices.py ¦ billing ¦ traceback ¦"
            " most recent call last ¦ line 42",
        ),
        (
            "0x7fffdeadbeef segfault at 10.12.0.44:8443 uuid 3f2b8c1e-9d4a-4b7e-8a11-0c2d5e6f7a8b",
            "0x7fffdeadbeef ¦ deadbeef ¦ 10.12.0.44 ¦ 10.12.0.44:8443 ¦ segfault ¦"
            " 3f2b8c1e-9d4a-4b7e-8a11-0c2d5e6f7a8b ¦ 3f2b8c1e",
        ),
        (
            "kubelet: OOMKilled container payments-api-6d8f exit code 137",
            "OOMKilled ¦ payments-api ¦ exit code 137 ¦ oomk ¦ payments-api-6d8f",
        ),
    ],
    "addresses": [
        (
            "Docs: https://docs.zephyr.example/guide/install.html?tab=linux#step-2",
            "https://docs.zephyr.example/guide/install.html ¦ docs.zephyr.example ¦ zephyr ¦"
            " install.html ¦ https://docs.zephyr.example/guide/install.html?tab=linux#step-2 ¦"
            " zephyr.example/guide ¦ tab=linux",
        ),
        (
            "Write to maria.lopez+news@correo.example or call +49 30 1234567.",
            "maria.lopez+news@correo.example ¦ maria.lopez ¦ lopez ¦ correo.example ¦"
            " @correo.example ¦ 1234567 ¦ +49 30",
        ),
        (
            r"Open C:\Users\nadia\Documents\budget_2025.xlsx and ~/notes/todo.md",
            r"budget_2025.xlsx ¦ C:\Users\nadia ¦ nadia ¦ ~/notes/todo.md ¦ todo.md ¦ budget",
        ),
        (
            "Posted #throwbackthursday by @jellyfish_fan in src/components/NavBar.tsx",
            "#throwbackthursday ¦ throwbackthursday ¦ @jellyfish_fan ¦ jellyfish ¦ NavBar.tsx ¦"
            " src/components ¦ navbar",
        ),
        (
            "ISBN 978-3-16-148410-0, ticket JIRA-4711, version v1.2.3-rc7",
            "978-3-16-148410-0 ¦ JIRA-4711 ¦ 4711 ¦ v1.2.3 ¦ rc7 ¦ v1.2.3-rc7",
        ),
    ],
    "German": [
        (
            "GRÖSSENWAHN und Maß: die Straße war naß.",
            "größenwahn ¦ grössenwahn ¦ grossenwahn ¦ Maß ¦ mass und ¦ strasse ¦ Straße ¦ STRASSE",
        ),
        (
            "Die Donau\u00addampf\u00adschiff\u00adfahrt fährt um 10\u202fUhr ab.",
            "Donaudampfschifffahrt ¦ dampfschiff ¦ fährt ¦ fahrt ab ¦ 10 Uhr",
        ),
        ("„Übermütige Käuze“, rief Jürgen.", "übermütige ¦ ubermutige ¦ Käuze ¦ kauze ¦ JÜRGEN"),
    ],
    "French": [
        (
            "J’adore l’amour et les œufs à la coque, garçon !",
            "amour ¦ l'amour ¦ l’amour ¦ oeufs ¦ œufs ¦ garcon ¦ garçon ¦ J'adore",
        ),
        (
            _nfd("L'hôtel est situé près de la forêt."),
            "hôtel ¦ hotel ¦ forêt ¦ foret ¦ situé près",
        ),
    ],
    "Polish, Czech, Nordic": [
        (_nfd("Zimowa łąka i źdźbło trawy"), "łąka ¦ laka ¦ źdźbło ¦ zdzblo ¦ Zimowa ŁĄKA"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "žluťoučký ¦ zlutoucky ¦ kůň ¦ kun úpěl"),
        ("Rødgrød med fløde på Ærø", "rødgrød ¦ rodgrod ¦ fløde ¦ Ærø ¦ aero"),
    ],
    "Turkish": [
        ("İSTANBUL'da ılık bir ışık vardı", "istanbul ¦ İstanbul ¦ ışık ¦ isik ¦ ILIK"),
    ],
    "Greek": [
        ("ΣΥΜΒΑΣΙΣ ΕΡΓΑΣΙΑΣ", "συμβασις ¦ σύμβασις ¦ εργασίας ¦ ΕΡΓΑΣΙΑΣ ¦ συμβ"),
        ("Ο Οδυσσεύς και η θάλασσα", "οδυσσευς ¦ ΟΔΥΣΣΕΥΣ ¦ θαλασσα ¦ θάλασσα"),
    ],
    "Cyrillic": [
        (
            "Привет, мир! Ещё раз о подъёме налогов.",
            "привет ¦ ПРИВЕТ ¦ ещё ¦ еще ¦ подъеме ¦ налог ¦ привет мир ¦ логов",
        ),
        ("Україна: п’ятниця, їжак і ґанок", "п'ятниця ¦ п’ятниця ¦ їжак ¦ ґанок ¦ україна"),
    ],
    "Arabic, Persian": [
        ("مُحَمَّدٌ رسول، مدرســـة الأمل", "محمد ¦ مدرسة ¦ الامل ¦ الأمل ¦ رسول"),
        ("می‌خواهم ۱۲۹ کتاب بخرم", "میخواهم ¦ می‌خواهم ¦ 129 ¦ ۱۲۹ ¦ كتاب ¦ کتاب"),
    ],
    "Hebrew": [
        ("שָׁלוֹם לכולם, מדינת ישראל צה״ל", 'שלום ¦ לכולם ¦ ישראל ¦ שָׁלוֹם ¦ צה״ל ¦ צה"ל'),
    ],
    "Indic": [
        ("नमस्ते दुनिया, हिन्दी में लिखो", "नमस्ते ¦ दुनिया ¦ हिन्दी ¦ दुनि ¦ हिन्दी लिखो"),
        ("বাংলা ভাষা সুন্দর", "বাংলা ¦ ভাষা ¦ সুন্দর"),
        ("தமிழ் மொழி வாழ்க", "தமிழ் ¦ மொழி ¦ வாழ்க"),
    ],
    "Chinese": [
        (
            "今天天气很好，我们去公园散步。",
            "天气 ¦ 今天天气 ¦ 公园 ¦ 散步 ¦ 我们去公园 ¦ 天气 公园",
        ),
        ("天很高，气温下降", "气温 ¦ 下降 ¦ 天很高"),
        ("苹果，香蕉和ｉＰｈｏｎｅ手机", "香蕉 ¦ 苹果 ¦ iphone ¦ iPhone手机 ¦ 手机 ¦ 苹果 香蕉"),
        ("見面吧！在最美的時光看場電影", "時光 ¦ 電影 ¦ 見面吧 ¦ 最美的時光"),
    ],
    "Japanese": [
        ("バッタと鈴虫が鳴く夜", "バッタ ¦ 鈴虫 ¦ ﾊﾞｯﾀ ¦ 鳴く夜 ¦ 鈴虫が"),
        ("東京　大阪　ラーメン屋", "東京 ¦ 大阪 ¦ ラーメン ¦ 東京 大阪 ¦ ラーメン屋"),
        (_nfd("がんばってください"), "がんばって ¦ ください ¦ がんば"),
    ],
    "Korean": [
        ("번역을 부탁해요, 서울에서", "번역 ¦ 번역을 ¦ 부탁 ¦ 서울 ¦ 번역 부탁"),
        (_nfd("테스트 문서입니다"), "테스트 ¦ 문서 ¦ 문서입니다"),
    ],
    "Thai, Lao, Khmer": [
        ("สวัสดีครับ ผมชอบกินข้าว", "สวัสดี ¦ ครับ ¦ กินข้าว ¦ ชอบ"),
        ("ພາສາລາວ ງາມຫຼາຍ", "ລາວ ¦ ພາສາ ¦ ງາມ"),
        ("ភាសា\u200bខ្មែរ\u200bល្អ", "ខ្មែរ ¦ ភាសា ¦ ភាសាខ្មែរ"),
    ],
    "emoji and symbols": [
        ("Party 🎉 tonight! Well done 👍🏽", "🎉 ¦ 👍 ¦ 👍🏽 ¦ party 🎉 ¦ 🎉 tonight"),
        ("The family 👨‍👩‍👧 arrived ✅done at ☕time", "👨‍👩‍👧 ¦ ✅ ¦ ✅done ¦ ☕ ¦ ☕time"),
        ("Price: 49 € or £42, ∑ of x² ≤ 7", "€ ¦ £42 ¦ ∑ ¦ 49 € ¦ x2"),
    ],
    "numbers and width": [
        ("ＦＵＬＬ　ＷＩＤＴＨ text １２３４５", "full width ¦ 12345 ¦ ＦＵＬＬ ¦ width text"),
        ("Invoice №5567: total 1,299.00 USD, 15% off", "5567 ¦ 1,299.00 ¦ 15% ¦ invoice usd"),
        (
            "Distance: 384\u00a0400\u202fkm to the Moon",
            "384 400 ¦ km moon ¦ 384 400 km ¦ the moon",
        ),
    ],
}

# Queries that more than one text is expected for: these are beginnings of the texts.
SHARED: list[tuple[str, tuple[str, ...]]] = [
    ("cat", ("My cat", "Catalogue of")),
    ("marsupial or sourdough", ("The quick", "Recipe: sourdough")),
    ("pelican or hedgehog or zephyr", ("The pelican", "The quick", "Docs: https")),
    ("東京 or 번역", ("東京", "번역을")),
    ("天气 or 气温", ("今天", "天很高")),
    ("docker or kubelet", ("docker-compose", "kubelet")),
    ("zyzzyva", ()),
    ("天氣預報", ()),
    ('"hedgehog sleepy"', ()),
    ("marsupial -hedgehog", ()),
]


def texts() -> list[str]:
    """Every text of the set."""
    return [text for kind in KINDS.values() for text, _ in kind]


def queries() -> list[tuple[str, frozenset[int]]]:
    """Each query, with the places in `texts` of those that it is to find."""
    found: list[tuple[str, frozenset[int]]] = []
    place = 0
    for kind in KINDS.values():
        for _, its_queries in kind:
            found += [
                (query, frozenset({place})) for query in its_queries.split(SEPARATOR.strip())
            ]
            place += 1
    found = [(query.strip(), places) for query, places in found]
    every = texts()
    for query, beginnings in SHARED:
        places = {
            place
            for place, text in enumerate(every)
            if text.startswith(tuple(beginnings)) and beginnings
        }
        found.append((query, frozenset(places)))
    return found
