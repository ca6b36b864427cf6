"""Common names of people in the United States and in India, sorted by what else they may be.

General knowledge, not taken from records of anybody. All words are lower case and in the form that `normalise` gives.
"""

from pipeline.detect.words import word_set

GIVEN = word_set("""
aadhya aakanksha aamir aanya aaradhya aarav aaron aarush abhijit abhinav abhishek abigail abirami adam addison adeline
aditi aditya adrian adriana advaith advik advika ahmed aiden aisha aishwarya ajith akanksha akshaya albert alejandro
alexander alexandra alexis alfred alia alice alicia alisha alka allison allyson alok alvin alyssa amanda ambika amelia
amina amit amita amrita amruta amy anant ananya anaya andrea andres andrew andrés angela angelo anika anil anirban
aniruddha anirudh anisha anita anjali ankit ankita ankur anna annette anthony antoinette antonio anupam anuradha
anurag anusha anushka anvi aparna apoorva aravind ariana arif aritra arjun arnab arnav arpit arpita arun arvind aryan
ashish ashley ashok ashwin asif asmita atharv atul aubrey audrey avinash avni ayaan ayden ayesha ayush ayushi benjamin
benny bethany betty beverly bhargav bhaskar bhavana bhavani bhavya bhumika bhuvana biswajit bobby brad bradley brandi
brandon brayden breanna brenda brendan brent bret brett brian brianna brittany bryan caitlin caleb cameron camila
camille candace carla carlos caroline carson cassandra catherine cesar chandana chandni charan charles charulata
chelsey cheryl chetan chirag chiranjeevi chloe christina christine christopher cindy claire claudia clayton clifford
clifton cody colton connie connor corey cory courtney craig curtis cynthia dalton damian damon daniel daniela danielle
darrell darren darryl darsh daryl david debashish debasish debbie debjani deborah debra deepa deepak deepika deepti
denise dennis derek derrick desiree devansh devendra devika devin dhananjay dhanush dharani dhruv dhwani diane diego
dinakar dinesh dipankar divya divyansh diwakar diya donna doris douglas duane dustin dwayne dwight dylan edna eduardo
edward edwin elango eleanor elena elias elijah elizabeth ellie elmer emilia emiliano emily emma eric erica erik ernest
esperanza ethan ethel eugene evelyn faisal falguni farah farhan farida fatima felicia fernando floyd frederick
fredrick gabriel gabriela gabriella gagan ganapathy gargi garima garrett gary gaurav gautam gayatri geetanjali
geoffrey george gerald gianna gilbert gina girija girish gladys gokul gomathi gopika gordon gregory guadalupe gurpreet
hailey hannah hardeep hardik hariharan harini harish harold harpreet harry harshad harshita hassan hayley heather
hector heidi hemalatha hemant henry herbert herman himanshu hiral hitesh howard hrithik hussein hymavathi ibrahim ila
ilango imran indranil iniya irfan isaac isabella isaiah ishaan ishan ishani ishika ishita ishwarya jacob jacqueline
jagadeesh jagadish jagan jagdish jahnavi jaime james janani janet janhvi janice jared jason jaspreet jatin javed
javier jaxon jayant jayesh jeanette jeffery jeffrey jenna jennifer jeremiah jeremy jessica jessie jhanvi jigar jignesh
jill jillian jitesh joanna joanne joaquin jocelyn jodi joel john johnathan johnny jonathan jonathon jorge jose joseph
josephine josh joshua josiah josé joyce juan judith judy juhi julia julian julie justin jyothsna jyotsna kabir kaitlyn
kamini kamlesh kanika kanimozhi kannan kapil karan karen karl karthik karthikeyan kartik katherine kathleen kathryn
kathy katie kaushik kavitha kavya kayla keith kellie kelly kelsey kenneth keshav ketan kevin khadija kian kiara
kimberly kinsley kokila koteswara krista kristen kristin kristina kristy krithika kriti kuldeep kunal kyle lakshay
lakshita lakshmipriya lalit landon larry latoya laura lauren lavanya lawrence layla leah leonard leonardo leroy leslie
lester liam lillian linda lindsay lindsey lloyd logesh lois lokesh lonnie loretta louis lucas lucia lucy lucía luke
madelyn madhav madhavan madhavi madhuri mahendra mahesh malathi malini mamata manasa mandeep mangesh manikandan
manisha manjula manjunath manoj manpreet mansi manuel marc marcus margaret maria mariam mariana marie marilyn marissa
marjorie martha mary maría mateo matthew mayank mayuri meena meenakshi meenal meera megan meghana meghna melanie
melinda melissa melvin mia micah michael micheal michelle miguel mihir mila milind milton minal miranda mishka mitali
mitchell mitesh mohammad mohammed mohit molly monica monika morris moumita mounika mousumi mridula mrunal mugdha
muhammad mukesh murali muthukumar myra nadia nagamani nagarajan nagarjuna nakul namrata nancy nandini nandita
nandkishore naomi narendra naresh naseem nasreen natalia natalie natasha nathaniel naveen navin navneet navya nayana
nazia neeraj neha nehal neil nevaeh nicholas nicole nidhi niharika nikhil nikita nilesh nina nitesh nithya nitin nitya
nivetha noah nolan nora norma norman oliver olivia omar omkar oviya owen padmaja padmini pallavi pamela parag paramjit
paresh paromita parth partha patrick paul paula pavan pavithra payel pedro peggy peter philip phillip phyllis pihu
piyush poornima poulami prabakaran prabhas prabhat prachi pradeep pradnya pragya pramod pranav pranay prasad prasenjit
prashant prateek prathyusha pratik pratiksha pratyush praveen preethi preeti prisha priya priyanka priyanshi prosenjit
puneet purva rachana rachel rachna radhika rafael raghav raghavan raghu ragini rahul raima rajani rajasekhar rajat
rajeev rajendra rajendran rajesh rajitha rajiv rajveer rakesh ralph ramadevi ramakrishna ramanathan ramesh ramya
ranbir randall ranjit ranveer rashmi rasika ravindra raymond rayyan rebecca reena regina reginald rehan rehana rehman
renuka revathi reyansh ricardo richard rinki rishabh rishita ritesh ritik ritika rituparna rituraj ritvik riya rizwan
robert roberto robyn rodney roger rohan rohini rohit roland ronald ronnie rubina ruchi rukmini rupali rupesh russell
rutuja ryan saanvi sabrina sachin sadie sakshi salman salvador samantha samatha sameer samiksha samuel sanchita
sandeep sandra sangeeta sangita sanjana sanjay sanjeev sanket santhosh sanya sara sarah sarang saravanan sarita saroja
sarthak sathish satish saumya saurabh savita sayani scarlett sean sebastian sejal senthil sergio seth shabana shabnam
shahrukh shaila shailesh shakuntala shalini shanaya shane shanmugam shannon sharda sharmila sharmistha sharon sharukh
shashank shaurya shawn sheela sheila shelby shilpa shirley shivam shivani shivansh shobha shreeya shreya shreyas
shreyasi shrikant shrinivas shriya shruti shubham shubhangi shweta siddhant siddharth simran sirisha sivakumar siya
smita sneha snehal sofia sofía sohail sohini sonal sonali sonam sonia sophia soumya sourav sowmya spencer sravani
sravanthi sreeja srilatha srinidhi srinivas srishti stacey stacy stanley stephanie stephen steven subhajit subhash
subhashini subodh subramanian suchitra sudha sudhanshu sudheer sudhir sudip suhani sujata sujatha sukanta sulochana
sumathi sumit sunanda sundaram sunil sunita sunitha supratik supriya surabhi surbhi surendra suresh suryansh sushma
susmita suzanne swagata swapnil swaroop swathi swati sylvia tahira tamara tamilselvi tammy tanisha tanmay tanmoy
tanushree tanvi tanya tapan tariq tarun tasha tejaswini teresa thelma thenmozhi theodore theresa thomas tiffany
timothy tina todd toni tonya travis trevor tripti trisha trivikram trupti tushar tyler tyrone ujwala umesh upasana
urmila urvashi usman utkarsh vaibhav vaidehi vaishnavi valentina valeria valerie vamshi vamsi vandana vanessa vanita
vanya varad varun vasanthi vasudha vedant vedika veena velmurugan venkat venkatesan venkatesh vernon veronica vicki
vickie vignesh vihaan vijayalakshmi vijayan vikram vikrant vinay vincent vineet vineeta vinita vinod vipul virat
vishakha vishal vivaan vivek vrinda walter waseem wasim wendy wesley willard william willie wilma wyatt xavier ximena
yamini yash yashika yashvi yasmin yatin yazhini yogendra yogesh yogita yolanda yusuf yuvan yuvraj yvette yvonne
zachary zachery zainab zayan zeenat zoe zoey zoya zubair
""")
"""Latin script, lower case: given names that are hardly ever anything else."""

SOFT_GIVEN = word_set("""
aadi abhay adi ajay alan alex alexa ali allen aman amar anand anbu ann anne ansh anu ariel art arthur arya asher avery
babu bala balaji barkha barry beau ben bentley bharathi bharati bill bindu bonnie brandy brooks bruce calvin carl
carmen carol carter casey chad charlie charlotte christian cole colin cooper dale dan dana darshan darshana dean
declan deep delilah dev diana dip disha dominic don dora drew durgadevi earl easton ebony ekta eli ella elsa emmett
ernie esha eva evan everett ezra felix finn frank franklin geeta gene gita glen glenn gloria gopal govind grace grant
hari harper harsh harsha harvey hema hudson hugo ian indira indu ira isha jack jai jake jane jasper jay jayanti jean
jeet jerry jesse jim jimmy joan joe jordan jude kajal kala kalpana kalyan kalyani kamala kanchan kanti kavita
keerthana kennedy kirti kishan kishor kishore komal krish kumaran kurt kusum lahari laksh lane lata lee leela leon
levi lewis lila lisa logan luis lynn madhu mahima mamta mani mark mathi megha miles mohan mohini muthu nani nathan
naya neelam nick nilam nira nisha noor nur nutan ojas oscar padma pankaj pari parker pat penelope pooja prabhu prakash
prasanna pratibha preet prerna preston puja purnima radhe raj rajkumar raman randy ravi ray reed rekha reva rick
riddhi riley rishi ritu rob ron rosa roshan roshni ross rowan roy rupa ruth ryder sadhana sahil sahir sai sam samarth
samir sana sandhya sankalp santhi santosh sapna saranya scott seema selvam selvi shanthi sharad sheetal shital
shraddha siddhi sidney sierra silas sima sita stuart sue suman suriya swapna swarna tamil tarang taylor tej teja terry
theo thiru tim tom tommy tracy trilok uday ujjwal uma usha vasant vasantha ved veer vetri vibha vic victor vidya
vijaya vimal vir wayne will yamuna yug zara
""")
"""Latin script: given names that are words, places or gods too; with a capital and a surname they are people."""

HARD_GIVEN = word_set("""
aakash ace akash amber angel apollo april archana archer aria asha asia atlas august aurora austin autumn ava axel
baby baron basil bella bharat bishop bittu blaze boston brooklyn buddy bunty cairo candy carolina cash chaitra chance
chand chanda chase chelsea cherry chintu chitra chotu coco cookie crystal daisy dallas dash dawn denver destiny
diamond duke durga eden faith ford forest ganesh gauri genesis georgia ginger gold guddu gunner harmony hazel heaven
heera hira honey honor hope houston hunter india iris ivy jackson jade jasmine jaya journey joy judge june jupiter
justice jyothi jyoti kai kali kamal khushi king kiran knight krishna lakshmi laxmi legend leo liberty lily lincoln
lola london lucky luna madison major mala malar mason maverick max may maya melody memphis messiah mission misty mithu
moti munna naga nila nova ocean olive om orion paris parvathi parvati payal pearl pepper phoenix pinky pintu piper
prem prince princess quinn radha rain raja rakhi ram ranger rani raven rinku rio river robin rocky rose royal royce
ruby rudra rusty sagar sage sandy santiago saraswati savannah serenity shadow shakti shankar shanti shiva shyam siva
sky skylar snow sona star stella storm stormi stormy sugar summer sunday sunny suraj surya swara sweety sydney taara
tara tejas tinku trinity varsha vijay vikas violet virginia vishnu willow winter wolf zeus
""")
"""Latin script: words that are given names now and then, and mean something else in a game."""

SURNAMES = word_set("""
acharya adams agarwal aggarwal aggarwala agrawal aguilar ahluwalia ahmed ahuja allen almeida alvarado alvarez ambani
anderson andrews ansari apte armstrong arnold arora athavale bajwa balasubramanian bandyopadhyay banerjee bannerjee
bansal bapat barnes barua baruah basu bedi begum behera bennett bhagat bhandari bharadwaj bhardwaj bhargava bhasin
bhat bhatia bhatt bhattacharya bhattacharyya bhosale bhosle bisht biswas borkar bose boyd bradley bryan bryant burke
burns caldwell campbell carlson carr carroll castillo castro chadha chakrabarti chakraborty chandran chandrasekhar
chatterjee chattopadhyay chaturvedi chaudhary chaudhuri chauhan chavan chavez chen chettiar chhabra chopra choudhary
chowdary chowdhury christensen clark cohen coleman collier collins contreras conway cortez crawford cruz cummings
cunningham dandekar dange daniels dasgupta datta davidson davis dawson dayal dcosta delgado desai deshmukh deshpande
dey dhawan dhillon dias diaz dixit dixon dominguez donovan dougherty dsouza dubey duggal duncan dunn dutt dutta
dwivedi díaz edwards elliott ellis erickson esparza espinoza estrada evans farrell ferguson fernandes fernandez
fernández ferrell figueroa fitzgerald fleming fletcher flores foster fowler franklin frazier freeman fuentes fuller
gaikwad gallagher galvan ganesan gangopadhyay ganguly garcia garcía garg garrett garza ghosh gibson gilbert gill
godbole goel gogoi gokhale gomes gomez gonzales gonzalez gonzález goodwin gopalan gordon goud gounder gowda goyal
graham grant greene grewal griffin guerra guerrero guha gulati gupta gurung gutierrez gutiérrez guzman gómez haldar
halder hamilton hampton hancock hansen hanson hardin harmon harper harris harrison harvey hawkins hayden hayes haynes
hebert hegde henderson henry henson hernandez hernández herrera hicks higgins hinton hoang hodges hoffman holmes
hopkins howard howell huang hudson hughes hussain hutchinson ibarra ingram iyengar iyer jackson jacobs jadeja jadhav
jain jaiswal jarvis jayaraman jenkins jensen jha jimenez jiménez jindal joglekar johnson johnston jones joshi juarez
juneja kadam kakkar kalra kamath kamble kannan kapadia kapoor kashyap kaufman kaul kaur keller kelley kelly kennedy
kerr khan khanna khatri khatun khurana klein kline koch kochhar kohli kothari krishnamurthy krishnan krishnaswamy
krueger kulkarni kumar kumari kundu kuruvilla lakhani lambert landry larson lawrence lawson leblanc levine lewis
lindsey liu livingston lobo lopez lowery lozano lucero luthra lynch lópez macdonald macias madden mahajan mahapatra
maheshwari mahoney majumdar majumder maldonado malhotra malik mandal manning marathe marquez martin martinez martínez
massey mathews mathur matthews maxwell mcbride mccall mccann mccarthy mcclain mcclure mcconnell mccormick mccoy
mccullough mcdaniel mcdonald mcdowell mcfarland mcgee mcguire mcintosh mcintyre mckay mckee mckenzie mckinney
mclaughlin mclean mcmahon mcmillan mcpherson medina mehta mejia melendez melton mendez mendoza menon mercado meyer
meyers middleton miller mirza mishra misra mitchell mitra mittal modi mohanty mohapatra molina mondal monroe
montgomery montoya mookerjee mooney moore morales moreno morgan morris morrison morrow morton mosley mudaliar
mukherjee mukhopadhyay mullins munoz murphy murray murthy muñoz myers nadar nagpal naidu naik nair nambiar narang
narayanan narula natarajan navarro nayak negi nelson nguyen nichols nielsen nixon norris norton nunez obrien ochoa
oconnell oconnor odonnell ojha oliver olson oneal oneil oneill oommen orozco ortega ortiz osborne owens pacheco
padilla padmanabhan pande pandey pandit pandya panicker parekh parikh parker parmar parrish paswan patel pathan patil
patnaik patterson paul pawar payne pearson pena pereira perez perkins perry peters petersen peterson peña phadke pham
phelps phillips pierce pillai pinto pittman powell prabhakar pradhan pratt proctor pruitt pérez qureshi raghavan raina
rajagopal rajagopalan rajan rajput ramachandran ramaswamy ramesh ramirez ramos ramsey ramírez ranade rangan
ranganathan rangel rao rastogi rathod rathore ravichandran rawat reddy reeves reid reilly reyes reyna reynolds rhodes
richards richardson richmond riley rios rivas rivera robbins roberson roberts robertson robinson robles rocha rodgers
rodrigues rodriguez rodríguez rogers rojas romero rosales rosario rosas ross roth rowe rowland rubio ruiz russell ryan
sabharwal sachdev sachdeva saha sahni sahoo sahu salas salazar salinas samanta sanchez sanders sandhu sandoval santana
santiago santos sarin sarkar sastry sathe saunders sawant sawyer saxena schaefer schmidt schneider schroeder schultz
scott sehgal sengupta serrano seshadri sethi shaffer shah shaikh shannon sharma shaw sheikh shelton shenoy sheppard
sherman shetty shinde shrestha shrivastava shroff shukla siddiqui sidhu silva simmons simpson sims singh sinha sloan
smith snyder solanki solis soman sonawane sosa soto spence spencer sreenivasan srinivasan srivastava stafford stein
stephens stephenson stevens stevenson stewart stokes subramaniam subramanian subramanyam sukhija sullivan sundaresan
swaminathan sweeney sánchez talwar tamang tandon taylor terrell thakkar thakur thapa thapar thevar thomas thompson
thorat thornton tiwari tomar torres townsend tran trevino tripathi trivedi trujillo tucker turner underwood upadhyay
uppal vaidyanathan valdez valenzuela vargas varma vasquez vaughan vaughn vaz vega velasquez velez velu venkataraghavan
venkataraman venkatesan verma vijayakumar villanueva villarreal virk vohra vyas wadhwa wadia wagner walia wallace
wallis walsh walters walton warner warren warrier watkins watson webb weber weiss wheeler whitaker whitehead whitney
wiggins wilcox wiley wilkerson wilkins wilkinson williams williamson willis wilson wolfe wong woodard woodward yadav
yates zamora zavala zaveri zhang zimmerman zuniga
""")
"""Latin script: surnames that are hardly ever anything else."""

WORD_SURNAMES = word_set("""
ali amin anand austin badal bai bailey bajaj baker bala balan bell benson berry birla bishop black bora bowman brewer
briggs brooks brown burton bush butler byrd cannon carey carpenter carter casey chand chandler chandra chapman church
cole conner cook cooper cox craig curry dallas das dave day dean decker dennis dev devi dewan dhar douglas doyle drake
dudley durham england fisher ford fox francis frederick gaines gandhi gardner gates gaur giri graves gray green
gregory grey hall hammond hart hess hill hobbs holland hood hora horton houston huff hunt hurley ireland jefferson
jordan kemp kher kim king kishore lal lamba lane lee lele leon leonard lim lincoln lohar long lowe lucas luna lyon
lyons mack madan madison mali mane mangal mani mann manohar marsh marshall mason mathew mayo mercer merritt michael
mills miranda mohan moody more morse nagar nanda nash nath nehru newman noble nolan norman orr owen page pai pal
palmer panda patrick patton pitts ponce porter potter prakash prasad preston price puri quinn rai raju raman rana
randolph rath rawal ray reed rice riddle roach roman rose roy sait samuel sane savage sellers sen sharman shepherd
shields solomon sonar soni sood stanley stanton stark steele sterling stone stout stuart sundar suri sutton swami
swamy tata tate terry tyler vaidya valencia valentine vance vel villa vincent wade walker wall walls walter wang ward
washington weaver weeks wells west white wood woods wright wyatt yang york young
""")
"""Latin script: surnames that are words too."""

SCRIPT_GIVEN = word_set("""
अंकित अंकिता अंकुर अंजलि अथर्व अदिति अद्विक अनन्या अनिका अनिल अनुराग अनुष्का अन्वी अपूर्वा अभिषेक अमित अरविंद अरविन्द
अरुण अर्जुन अर्णव अवनी अविनाश अशोक अश्विन आदित्य आद्या आयशा आयुष आरव आरुष आर्यन आलोक आशीष इमरान इशिता ईशान ऋषभ
ऐश्वर्या कबीर करण काव्या कियारा कुणाल कुलदीप कृति गायत्री गिरीश गोविंद गौतम चिराग जतिन ज़ैनब जान्हवी तनवी तान्या तुषार
तृषा दिनेश दिव्या दीपिका दीप्ति नंदिनी नरेश नव्या निकिता निखिल नितिन नितेश निहारिका नीरज नेहा पल्लवी पार्थ पीयूष प्रणव
प्रदीप प्रमोद प्रवीण प्राची प्रियंका प्रिया प्रीति फरहान फ़रहान फ़ातिमा फातिमा मधुरी मनीषा मनोज मयंक महेश माधुरी मायरा
मीनाक्षी मीरा मुकेश मुहम्मद मेघना मोनिका मोहम्मद मोहित यामिनी युवराज योगेश रजत रमेश रविंद्र रश्मि राकेश राघव राजीव
राजेश राधिका राहुल रितिका रिया रीना रेणुका रेयांश रोहन रोहित लावण्या वरुण विक्रम विनोद विवान विवेक विहान वेदांत वैभव
वैष्णवी शशांक शालिनी शिल्पा शिवम शिवानी शुभम शैलेश श्रुति श्रेयस श्रेया श्वेता संगीता संजना संजय संजीव संदीप सचिन सतीश
समीर सरिता सलमान सविता सान्या सान्वी सिद्धार्थ सिमरन सिया सुजाता सुनीता सुनील सुप्रिया सुमित सुरभि सुरेंद्र सुरेश
सुषमा सोनाली सौरभ स्नेहा स्मिता स्वाति हरप्रीत हरीश हर्षिता हिमांशु
ஃபாத்திமா அக்ஷயா அசோக் அஞ்சலி அனன்யா அனிதா அனில் அனுஷ்கா அபிராமி அபிஷேக் அமித் அரவிந்த் அருண் அர்ச்சனா அர்ஜுன் அர்ஜூன்
அவினாஷ் அஸ்வின் ஆகாஷ் ஆதித்யா ஆயிஷா ஆயுஷ் ஆரவ் ஆர்யன் இம்ரான் இளங்கோ ஐஸ்வர்யா ஓவியா கண்ணன் கனிமொழி கபீர் கவிதா காயத்ரி
கார்த்திகேயன் கார்த்திக் காவ்யா கிரிஷ் கீர்த்தனா குமரன் கோகுல் கோபால் கோமதி கௌதம் சங்கீதா சச்சின் சஞ்சனா சஞ்சய்
சண்முகம் சதீஷ் சந்தீப் சரண்யா சரவணன் சித்தார்த் சினேகா சிவகுமார் சுஜாதா சுந்தரம் சுனிதா சுனில் சுப்பிரமணியன் சுமதி
சுரேஷ் சுவாதி செந்தில் சௌமியா ஜனனி ஜான்வி ஜெகதீஷ் தமிழ்செல்வி தருண் தினேஷ் தியா திவ்யா தீபா தீபிகா துருவ் தேன்மொழி
நந்தினி நவீன் நாகராஜன் நிகில் நிதின் நித்யா நிவேதா பத்மா பல்லவி பவித்ரா பாத்திமா பார்வதி பாலாஜி பாஸ்கர் பிரசன்னா
பிரசாந்த் பிரணவ் பிரதீப் பிரபாகரன் பிரமோத் பிரவீன் பிரியங்கா பிரியா பூர்ணிமா மகேஷ் மணிகண்டன் மனோஜ் மாலதி மாலினி மீனா
மீனாட்சி மீரா முகமது முகேஷ் முத்துக்குமார் முரளி மேகனா மோனிகா யாமினி யாழினி யுவன் யோகேஷ் ரமேஷ் ரம்யா ராகவன் ராகவ்
ராகுல் ராஜேந்திரன் ராஜேஷ் ராதிகா ராமநாதன் ரேவதி ரோகிணி ரோஹன் ரோஹித் லாவண்யா லோகேஷ் வசந்தி வசந்த் வருண் விக்னேஷ்
விக்ரம் வித்யா வினோத் விவான் விவேக் விஷால் விஷ்ணு வெங்கடேசன் வெங்கடேஷ் வெங்கட் வேல்முருகன் வைஷ்ணவி ஷாலினி ஷில்பா
ஸ்னேகா ஸ்ரீனிவாசன் ஸ்ரீராம் ஸ்ருதி ஸ்வாதி ஸ்வேதா ஹரிணி ஹரிஷ் ஹரிஹரன் ஹரீஷ் ஹேமா
అంజలి అనన్య అనిల్ అనుష్క అనూష అభినవ్ అభిషేక్ అమిత్ అరవింద్ అరుణ్ అర్చన అర్జున్ అవినాష్ అశోక్ అశ్విన్ ఆకాష్ ఆదిత్య
ఆయుష్ ఆయేషా ఆరవ్ ఆర్యన్ ఇందిర ఇమ్రాన్ ఐశ్వర్య కబీర్ కళ్యాణ్ కార్తీక్ కావ్య కిషోర్ కీర్తన కోటేశ్వరరావు గాయత్రి గిరీష్
గోపాల్ గౌతమ్ చంద్రిక చరణ్ జగదీష్ జగన్ జాహ్నవి జ్యోత్స్న తరుణ్ తేజస్విని త్రివిక్రమ్ దినేష్ దియా దీపిక దీప్తి ధ్రువ్
నందిని నవీన్ నాగరాజు నాగార్జున నిఖిత నిఖిల్ నితిన్ నిహారిక పద్మ పద్మజ పల్లవి పవన్ పావని పూర్ణిమ ప్రణవ్ ప్రత్యూష
ప్రదీప్ ప్రభాకర్ ప్రభాస్ ప్రమోద్ ప్రవీణ్ ప్రశాంత్ ప్రసాద్ ప్రియాంక ఫాతిమా బాలాజీ భవాని భార్గవ్ భాస్కర్ మధుసూదన్ మనీష
మనోజ్ మహమ్మద్ మహేంద్ర మహేష్ మాధవి మాధురి మాలతి మీనాక్షి మీరా ముఖేష్ మురళి ముహమ్మద్ మేఘన మోహిత్ మౌనిక యశ్వంత్ యామిని
యోగేష్ రజిత రమేష్ రవీంద్ర రాఘవ రాజశేఖర్ రాజేంద్ర రాజేష్ రాధిక రామకృష్ణ రాహుల్ రేణుక రేవతి రోహన్ రోహిణి రోహిత్ లావణ్య
లోకేష్ వంశీ వరుణ్ విక్రమ్ వినోద్ వివాన్ వివేక్ విశాల్ విష్ణు వెంకటేష్ వెంకట్ వైష్ణవి శాలిని శిరీష శిల్ప శివకుమార్
శ్రావణి శ్రావ్య శ్రీకాంత్ శ్రీధర్ శ్రీనివాస్ శ్రీలత శ్రుతి శ్వేత సంజన సంజయ్ సందీప్ సచిన్ సతీష్ సరిత సాహితి సిద్ధార్థ్
సుజాత సుధీర్ సునీత సునీల్ సుప్రియ సుమంత్ సురేష్ సుష్మ సౌమ్య స్వాతి హరిణి హరీష్ హారిక హిమబిందు హేమంత్
অঙ্কিত অঙ্কিতা অনন্যা অনির্বাণ অনিল অনুরাগ অনুষ্কা অন্বেষা অপর্ণা অভিজিৎ অভিষেক অমিত অরবিন্দ অরিত্র অরুণ অর্ক অর্জুন
অর্ণব অর্পিতা অশোক আদিত্য আয়ুষ আয়েশা আরভ আরিফ আরিয়ান ইন্দ্রনীল ইন্দ্রাণী ইমরান ঈশিতা ঋতুপর্ণা ঋষভ ঐশ্বর্য ঐশ্বর্যা
কবীর কাব্যা কুণাল কৃতিকা কৌশিক গায়ত্রী গোপাল গৌতম জয়ন্ত তনুশ্রী তন্ময় তানিয়া তৃষা দিব্যা দীনেশ দীপঙ্কর দীপান্বিতা
দীপিকা দেবযানী দেবাশিস দেবাশীষ নন্দিতা নন্দিনী নিকিতা নিখিল নীরজ নেহা পল্লবী পারমিতা পার্থ পৌলমী প্রণব প্রমোদ
প্রসেনজিৎ প্রিয়া প্রিয়াঙ্কা ফাতিমা ফাতেমা ফারহান বরুণ বিক্রম বিনোদ বিবান বিশ্বজিৎ বৈষ্ণবী মধুরিমা মনীষা মনোজ মহেশ
মাধুরী মীনাক্ষী মীরা মুকেশ মুহাম্মদ মৃণাল মেঘনা মোনালিসা মোহাম্মদ মৌমিতা রণজিৎ রফিকুল রমেশ রাজেশ রাধিকা রাহুল রিয়া
রূপালী রোহন রোহিত শর্মিলা শর্মিষ্ঠা শালিনী শাহরুখ শিল্পা শুভঙ্কর শুভজিৎ শুভম শ্বেতা শ্রীজা শ্রুতি শ্রেয়সী শ্রেয়া
সঙ্গীতা সচিন সঞ্জনা সঞ্জয় সঞ্জীব সন্দীপ সমীর সায়নী সুকান্ত সুচিত্রা সুজাতা সুদীপ সুনীতা সুনীল সুপ্রতিম সুব্রত সুমিত
সুরেশ সুস্মিতা সোহিনী সৌমিত্র সৌম্য স্নেহা স্বপন স্বাগতা হিমাংশু
""")
"""Devanagari, Tamil, Telugu, Bengali: given names that are hardly ever anything else."""

SCRIPT_WORD_GIVEN = word_set("""
अजय अभय अभिनव अमन अमर आकाश आनंद आनन्द आरती आशा उदय उषा ऋतु ओम कमल कल्पना कविता कार्तिक काली किरण किशोर कृष्ण कोमल खुशी
गणेश गीता गोपाल गौरव चंदन चाँद चांद छाया जय जया ज्योति तारा दिया दीपक दुर्गा देव ध्रुव नवीन निशा नीलम नूर पंकज परी
पार्वती पूजा प्रकाश प्रगति प्रतीक प्रशांत प्रेम भरत भारत भावना मधु ममता माया मेघा मोती मोहन यश रवि राज राजा राधा रानी
राम रेखा रोशन रोशनी लक्ष्मी ललित वंदना वर्षा विकास विजय विनय विपुल विशाल विष्णु वीर शंकर शक्ति शांति शिव शौर्य श्याम
संतोष संध्या सरस्वती साक्षी सागर सीता सीमा सुमन सूरज सोना हरि हर्ष हीरा हेमंत
அஜய் அன்பு அமர் அமுதா ஆனந்த் ஆஷா இனியா உஷா கணேஷ் கமலா கலை காளி கிரண் கிருஷ்ணன் கிருஷ்ணா கீதா குமார் சக்தி சந்தியா
சரஸ்வதி சாகர் சாந்தி சிவன் சிவா சீதா சூர்யா செல்வம் செல்வி ஜெயா ஜோதி தங்கம் தாரா தீபக் துர்கா நிலா பழனி பிரகாஷ் பிரேம்
பூஜா மணி மதி மலர் மாயா முத்து முருகன் மோகன் ரவி ராஜா ராணி ராதா ராம் லட்சுமி விஜய் வெற்றி வேல்
అజయ్ అమర్ ఆనంద్ ఆశ ఉదయ్ ఉష కమల కవిత కాళి కిరణ్ కృష్ణ గణేష్ గీత చిత్ర చిరంజీవి చైతన్య జయ జ్యోతి తార తేజ దివ్య దీపక్
దుర్గ నవ్య నాగ నాని నిత్య పార్వతి పూజ ప్రకాష్ ప్రియ ప్రేమ్ భవ్య భావన మధు మానస మాయ మోహన్ రమ్య రవి రాజా రాజు రాణి రాధ
రామ్ రేఖ లక్ష్మి వందన వర్ష విజయ్ శక్తి శాంతి శివ సంగీత సంధ్య సరస్వతి సాగర్ సీత సూర్య స్నేహ స్వప్న హర్ష హేమ
অজয় অঞ্জলি অমর আকাশ আনন্দ আরতি আরব আশা উদয় ঊষা ঋতু কবিতা কমল কল্পনা কার্তিক কালী কিরণ কৃষ্ণ গণেশ গীতা গৌরব ছায়া জয়
জয়া জ্যোতি তারা তুষার দিয়া দীপক দুর্গা দেব ধ্রুব নবীন নিশা পরী পার্বতী পূজা প্রকাশ প্রতীক প্রদীপ প্রশান্ত প্রেম
বন্দনা বর্ষা বিকাশ বিজয় বিবেক বিশাল বীর ভারত মতি মমতা মায়া মোহন মৌসুমী রজত রবি রাজা রাধা রানি রানী রাম রুপা রূপা
রেখা লক্ষ্মী লাবণ্য শক্তি শান্তি শিব শুভ শ্যাম সন্ধ্যা সরস্বতী সাগর সীতা সীমা সোনা সৌরভ হরি হীরা
""")
"""In the same scripts: given names that are words, gods or festivals too."""

SCRIPT_SURNAMES = word_set("""
अंसारी अग्रवाल अय्यर अरोड़ा आहूजा उपाध्याय कपूर कश्यप क़ुरैशी कुरैशी कुलकर्णी कोहली कौर कौल खन्ना खुराना गर्ग गायकवाड़
गुप्ता गोयल घोष चक्रवर्ती चटर्जी चतुर्वेदी चावला चोपड़ा चौधरी चौहान जाधव जायसवाल जोशी झा ढिल्लों तिवारी तोमर त्रिपाठी
त्रिवेदी दासगुप्ता दुबे देशपांडे देशमुख देसाई द्विवेदी धवन नंदा नायडू नायर नेगी पटेल परमार पवार पांडे पांडेय पाटिल
पाण्डेय पिल्लई बंसल बनर्जी बसु बिष्ट भट्ट भट्टाचार्य भाटिया भारद्वाज भोसले मंडल मजूमदार मल्होत्रा महाजन माथुर मित्तल
मिश्रा मुखर्जी मेनन मेहता मोरे यादव राजपूत राठौड़ राठौर राव रावत रेड्डी वर्मा शर्मा शिंदे शुक्ला शेख शेट्टी श्रीवास्तव
सक्सेना सावंत सिद्दीकी सिद्धू सिन्हा सेठी सेनगुप्ता सोलंकी हुसैन हेगड़े
அகர்வால் அன்சாரி அய்யங்கார் அய்யர் அரோரா உசேன் ஐயங்கார் ஐயர் கன்னா கபூர் கவுடா கவுண்டர் கான் கிருஷ்ணமூர்த்தி குப்தா
குல்கர்னி கோபாலன் கோஷ் கௌர் சக்சேனா சட்டர்ஜி சர்மா சவுகான் சவுத்ரி சிங் சுக்லா சுப்பிரமணியம் செட்டியார் சோப்ரா ஜெயின்
ஜோஷி திரிபாதி திரிவேதி திவாரி தேசாய் தேஷ்பாண்டே நடராஜன் நம்பியார் நாடார் நாயர் நாயுடு நாராயணன் படேல் பட்டேல் பாட்டீல்
பாண்டே பானர்ஜி பேகம் மல்ஹோத்ரா மிஸ்ரா முகர்ஜி முதலியார் மேத்தா மேனன் யாதவ் ராஜகோபால் ராமச்சந்திரன் ராவ் ரெட்டி வர்மா
வெங்கட்ராமன் ஷா ஷெட்டி ஷேக் ஸ்ரீனிவாசன் ஹெக்டே
అక్కినేని అగర్వాల్ అన్సారీ అయ్యంగార్ అయ్యర్ అరోరా కపూర్ కులకర్ణి కొణిదెల కౌర్ ఖన్నా ఖాన్ గుప్తా గౌడ్ ఘట్టమనేని ఘోష్
చోప్రా చౌదరి చౌహాన్ ఛటర్జీ జైన్ జోషి తివారి త్రిపాఠి త్రివేది దగ్గుబాటి దేశాయ్ దేశ్పాండే నందమూరి నాయర్ నాయుడు పటేల్
పాండే పాటిల్ పిళ్ళై బెనర్జీ బేగం మల్హోత్రా మిశ్రా మీనన్ ముఖర్జీ మెహతా యాదవ్ రాజుగారు రెడ్డి వర్మ శర్మ శాస్త్రి శుక్లా
శెట్టి షా షేక్ సక్సేనా సింగ్ హుస్సేన్ హెగ్డే
অরোরা আইয়ার আক্তার আগরওয়াল আচার্য্য আনসারি আহমেদ কাপুর কুণ্ডু কুন্ডু কৌর খাতুন খান্না গঙ্গোপাধ্যায় গাঙ্গুলি
গাঙ্গুলী গুপ্তা ঘোষ চক্রবর্তী চট্টোপাধ্যায় চোপড়া চৌধুরী চৌহান চ্যাটার্জি চ্যাটার্জী তালুকদার তিওয়ারি ত্রিপাঠী
ত্রিবেদী দত্ত দাশগুপ্ত দেশাই নাইডু নায়ার নায়েক পটেল পাণ্ডে পান্ডে পোদ্দার প্যাটেল বন্দ্যোপাধ্যায় বর্মন বর্মা বসু
বেগম বোস ব্যানার্জি ব্যানার্জী ভট্টাচার্য ভট্টাচার্য্য মজুমদার মণ্ডল মন্ডল মহাপাত্র মালহোত্রা মুখার্জি মুখার্জী
মুখোপাধ্যায় মেনন মেহতা যাদব যোশী রহমান রাও রেড্ডি লাহিড়ী শর্মা শাহ শুক্লা সান্যাল সাহা সিং সিদ্দিকী সিনহা সেনগুপ্ত
হালদার হুসেন হোসেন
""")
"""In the same scripts: surnames that are hardly ever anything else."""

SCRIPT_WORD_SURNAMES = word_set("""
कुमार कुमारी खान गाँधी गांधी गिरि जैन ठाकुर दास देवी नाथ पाल पुरी बाई बाबू बेगम मिश्र राणा राम राय लाल शाह सिंह सूद
सेन सोनी
காந்தி குமார் சென் தாஸ் தேவர் தேவி பால் பிள்ளை ராஜா ராஜ் ராமன் ராம் ராய் லால்
అల్లు ఆచార్య కుమారి కుమార్ గాంధీ గౌడ దాస్ దేవి నారా పాల్ ప్రసాద్ బాబు మంచు మూర్తి రాజు రాజ్ రామ్ రావు లాల్ సేన్
ইসলাম কুমার খান গান্ধী জৈন দাস দে দেব দেবী নাথ পাল প্রধান বিশ্বাস মিত্র মিশ্র রাম রায় লাল শীল শেখ সরকার সামন্ত সিংহ
সেন
""")
"""In the same scripts: surnames that are words too."""
