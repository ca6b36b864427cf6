"""Student number: given by a school or its district, in any form.

Only a word or a key can tell it; in text it must have five digits, by key it may be anything.
Source: 34 CFR 99.3 (FERPA) counts a student number among personally identifiable information.
"""

from pipeline.detect.detector import Detector, Kind, Strength

DETECTOR = Detector(
    name="student_id",
    kind=Kind.EDUCATION,
    law="16 CFR 312.2 PI (6), (11); DPDP Act 2(t)",
    pattern="[a-z]{0,4}-?[0-9](?:[ .-]?[0-9]){4,13}",
    strength=Strength.CONTEXT,
    words=(
        *(
            "student id",
            "student number",
            "student no",
            "school id",
            "lunch id",
            "lunch number",
            "roll number",
            "roll no",
        ),
        *("admission number", "enrollment number", "छात्र", "रोल नंबर", "மாணவர்", "విద్యార్థి", "ছাত্র"),
    ),
    keys=(
        *("studentid", "studentnumber", "studentno", "lunchid", "lunchnumber", "sisid", "cleverid", "schoolid"),
        *("rollnumber", "rollno", "admissionnumber", "enrollmentnumber", "school", "schoolname"),
    ),
    hits=("S1234567", "20231145"),
    misses=("123", "level"),
)
