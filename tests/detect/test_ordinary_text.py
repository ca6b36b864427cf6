"""Ordinary text of a game in which nothing may be found, in the languages users write."""

import pytest

from pipeline.detect.engine import scan
from pipeline.detect.scrub import scrub

CLEAN = """\
I loved this game so much
level 42 is too hard, I died 15 times
score 1234567890
my high score is 9876543210
got 4500200000 points today
score: 8,45,200 in 93.5 seconds
paid ₹1,499.00 for gems_pack_100
price 1,499.00 and 2,999.00 INR
it costs $4.99 or 4.99 USD
order OD-20261125-0042 not received
order number 20261125004213
order #4023456789
invoice INV-2026-11-0098
played on 25/11/2026 at 10:30
25-11-2026 18:30:15
2026-11-25T18:30:15Z
today at 10.30 pm
version 18.2.1 crashed
app 5.3.0 build 1042
v1.2.3.4
version 1.2.3.4
iOS 18.2.1 iPhone17,3
build 2026.11.25.1
E1042 on level screen
error 0x80070057 happened
3 - 1 win
won 3-2 against team 7
scores 99 95 12 50 10
high scores 900 850 1200
10 9 8 7 6 5 4 3 2 1 go!
100% complete & happy
50% off
tom & jerry
I am on level 12, world ocean
meet me at level 5
look at the dot
stars 3/5, coins 1200/1500
1st 2nd 3rd
3+4=7 and 12*12=144
the answer is 3.14159
pi = 3.14159265358979
speed 12.345 m/s
x=12.5 y=77.25
मुझे यह गेम बहुत पसंद है
मेरा स्कोर १२३४५ है
लेवल 42 बहुत कठिन है
₹१,४९९ में खरीदा
मेरा स्कोर 1234567890 है
आज 25/11/2026 को खेला
mujhe ye game bahut pasand hai
mera score 45000 hai, level 12
500 coins mile
level 3 me atak gaya
இந்த விளையாட்டு எனக்கு பிடிக்கும்
என் மதிப்பெண் 45200
நிலை 12 கடினம்
₹1,499.00 விலை
ఈ ఆట నాకు చాలా ఇష్టం
నా స్కోరు 45200
స్థాయి 12 కష్టం
এই খেলাটা আমার খুব ভালো লাগে
আমার স্কোর ৪৫২০০
লেভেল ১২ কঠিন
great game!!! 10/10
5 stars all the way
need more lives pls
the boss on level 30 has 12000 HP
timer shows 00:59
lost 2 lives in 30 seconds
q-fractions-7 was tricky
v-4411 video not loading
gems_pack_100
diwali-2026 event
please add Hindi language
game over at 12:45:30
RTX 4090 gpu
Pixel 8 Pro
room 4-12 b
I have 3 cats and 2 dogs
chapter 12 verse 3
60 fps 1080p
1179x2556 screen
std::vector bug
a:b:c
https is cool
call of duty is better
the number is 42
number 7 is my favourite
card game is fun
my card deck has 30 cards
account screen is slow
pin the tail
pen is blue
zip line level
I was born to play this
birthday event was fun
phone gets hot after 20 minutes
mobile version lags
school level 3
class 5 maths quiz
grade A in quiz
age of empires
8 years later
12345 67890
abc123
user said ok
12,34,567 coins
1.5 lakh points
2,50,000 points
12 34 56
00:00:12.345
99.99% sure
-5 degrees
+5 points
+100 xp
7/8 correct
room code ABCD1
code XK42P
ticket 48213
ticket no 123456
save slot 3 at 2026-11-25 10:30
cost was Rs 499
Rs. 1499 only
iPhone 15 Pro Max
Galaxy S24 Ultra SM-S928B
Android 14 (API 34)
Unity 2022.3.12f1
seed 1795600000
timestamp 1795600000000
frame 123456789
1795600000
the AAA title
ABCDE
Level completed in 3m 20s
CamelCaseWordsAreFun
helloWorldTest
LevelCompleted event
naïve café
emoji 😀😀 fun
👨‍👩‍👧 family
2x speed
x2 bonus
4x4 grid
8 8 8 8
1 1 2 3 5 8 13 21 34 55
1500 2500 3500
123 456 789
pos 123.456, 78.9
took 1.234 s, 2.345 s
fps 59.940 59.940
drop rate 0.125 0.250
ratio 16:9
lap 1:23.456
lap 1:23.456, 1:24.567
save file 3 corrupted
photo mode is cool
my score was 12.345 and 67.890
order 706-9887049-6101583 not received
ऑर्डर 573-5450417-7115440 नहीं आया
OD-20261125-0042 cancel kar do
it shows 2147483647 coins
rank 4294967295
RAM 536870912
waves 2000 3000 4000 5000 are hard
levels 91 92 93 94 95 96 locked
stages 800 900 1000
chunks 256 512 1024
my scores 2500 3100 2850
played in 2016 2018 2021
10000-9000
"""


@pytest.mark.parametrize("text", CLEAN.splitlines())
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert [finding.detector.name for finding in scan(text).findings] == []
    assert scrub(text) == text
