"""Large cities, and codes of US states: a postal code right behind one is a postal code."""

from typing import Final

INDIAN: Final = (
    "mumbai|navi mumbai|bombay|delhi|new delhi|bengaluru|bangalore|hyderabad|secunderabad|chennai|madras|kolkata|"
    "calcutta|"
    "ahmedabad|pune|surat|jaipur|lucknow|kanpur|nagpur|indore|thane|bhopal|visakhapatnam|vizag|patna|vadodara|baroda|"
    "ghaziabad|ludhiana|agra|nashik|faridabad|meerut|rajkot|varanasi|srinagar|aurangabad|dhanbad|amritsar|prayagraj|"
    "allahabad|ranchi|howrah|coimbatore|jabalpur|gwalior|vijayawada|jodhpur|madurai|raipur|kota|guwahati|chandigarh|"
    "hubli|mysore|mysuru|mangalore|mangaluru|gurgaon|gurugram|noida|trichy|tiruchirappalli|salem|tirupati|warangal|"
    "guntur|kochi|cochin|thiruvananthapuram|trivandrum|kozhikode|bhubaneswar|cuttack|dehradun|jammu|shimla|goa|panaji|"
    "puducherry|pondicherry|siliguri|asansol|durgapur|jamshedpur|karnataka|maharashtra|tamil ?nadu|telangana|"
    "andhra pradesh|west bengal|uttar pradesh|kerala|gujarat|rajasthan|punjab|haryana|bihar|odisha|"
    "मुंबई|दिल्ली|नई दिल्ली|बेंगलुरु|बंगलौर|हैदराबाद|चेन्नई|कोलकाता|पुणे|जयपुर|लखनऊ|कानपुर|नागपुर|इंदौर|भोपाल|पटना|वाराणसी|नोएडा|"
    "சென்னை|கோயம்புத்தூர்|மதுரை|திருச்சி|சேலம்|బెంగళూరు|హైదరాబాద్|విజయవాడ|విశాఖపట్నం|వరంగల్|గుంటూరు|কলকাতা|হাওড়া|শিলিগুড়ি|দুর্গাপুর"
)
US_STATES: Final = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|"
    "RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)
