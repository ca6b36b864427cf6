"""Words for numbers: English, Hindi, Tamil, Telugu and Bengali in their scripts and in Latin letters.

English words stand in the scripts of India as well, as people there say telephone numbers.
"""

from typing import Final

from pipeline.detect.normalise import fold

# each line from 0 to 9; a word that is an everyday one elsewhere ("do", "at") counts only in a row of others
_DIGITS: Final = """
zero oh o nought nil | one | two | three | four | five | six | seven | eight | nine niner
shunya shoonya sunya zeero | ek | do | teen tin | char chaar | paanch panch pach paach |\
 chhe che chhah chah chheh cheh chhai chha | saat sat | aath ath aat | nau
shunno | aek | dui | teen | chaar | paanch | choy chhoy | shat | aat | noy
poojyam suzhiyam | onnu ondru onru | rendu irandu | moonu moondru munu | naalu nalu naangu nangu |\
 anju aindhu ainthu | aaru aru | ezhu yezhu | ettu | ombathu onbathu ombodhu onbadhu
sunna | okati | rendu | moodu mudu | nalugu naalugu | aidu ayidu | aaru | yedu eedu | enimidi | tommidi thommidi
शून्य शुन्य | एक | दो | तीन | चार | पांच पाँच पाच | छह छः छे छै छ | सात | आठ | नौ
ज़ीरो जीरो ओ | वन | टू टु | थ्री | फोर फ़ोर | फाइव फ़ाइव | सिक्स | सेवन सेवेन | एट ऐट | नाइन
பூஜ்யம் பூஜ்ஜியம் சுழியம் | ஒன்று ஒண்ணு | இரண்டு ரெண்டு | மூன்று மூணு | நான்கு நாலு |\
 ஐந்து அஞ்சு | ஆறு | ஏழு | எட்டு | ஒன்பது ஒம்பது
ஜீரோ | ஒன் வன் | டூ | த்ரீ | ஃபோர் போர் | ஃபைவ் பைவ் | சிக்ஸ் | செவன் | எயிட் எட் | நைன்
సున్నా సున్న | ఒకటి | రెండు | మూడు | నాలుగు | ఐదు అయిదు | ఆరు | ఏడు | ఎనిమిది | తొమ్మిది
జీరో | వన్ | టూ | త్రీ | ఫోర్ | ఫైవ్ | సిక్స్ | సెవెన్ సెవన్ | ఎయిట్ ఎయిత్ | నైన్
শূন্য শুন্য | এক | দুই | তিন | চার | পাঁচ পাচ | ছয় ছ | সাত | আট | নয়
জিরো | ওয়ান | টু | থ্রি | ফোর | ফাইভ | সিক্স | সেভেন | এইট | নাইন
"""
_TEENS: Final = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_TEN: Final = "das दस டென் பத்து పది దశ দশ টেন टेन"


def _digits() -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _DIGITS.strip().splitlines():
        for value, words in enumerate(line.split("|")):
            found.update(dict.fromkeys(fold(words).split(), value))
    return found


UNITS: Final = _digits()
"""Each word for a digit, folded, and the digit."""
TEENS: Final = {
    **{word: value for value, word in enumerate(_TEENS.split(), 10)},
    **dict.fromkeys(fold(_TEN).split(), 10),
}
TENS: Final = {word: 10 * value for value, word in enumerate(_TENS.split(), 2)} | {"fourty": 40}
TIMES: Final = {
    **dict.fromkeys(fold("double dubble dbl डबल டபுள் డబుల్ ডাবল").split(), 2),
    **dict.fromkeys(fold("triple tripple treble ट्रिपल ட்ரிபிள் ట్రిపుల్ ট্রিপল").split(), 3),
}
"""Words that say how often the next digit stands."""
