"""Words that stand beside a telephone number."""

PHONE = (
    *(
        "phone",
        "phone number",
        "mobile",
        "mobile number",
        "cell",
        "call",
        "call me",
        "text me",
        "whatsapp",
        "whats app",
        "sms",
    ),
    *(
        "contact",
        "contact number",
        "tel",
        "telephone",
        "ph",
        "ph no",
        "mob",
        "mob no",
        "number",
        "no",
        "reach me",
        "ring me",
        "dial",
    ),
    *("फोन", "फ़ोन", "मोबाइल", "नंबर", "नम्बर", "कॉल", "व्हाट्सएप", "வாட்ஸ்அப்", "போன்", "தொலைபேசி", "மொபைல்", "எண்", "அழை"),
    *("ఫోన్", "మొబైల్", "నంబర్", "నెంబర్", "కాల్", "ফোন", "মোবাইল", "নম্বর", "নাম্বার", "কল"),
)
