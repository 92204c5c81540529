"""What a preview speaks where no text is given, in each of SoundClone's languages."""

from __future__ import annotations

__all__ = ["PREVIEW_LINES"]


PREVIEW_LINES = {
    "Chinese": "清晨的阳光洒满山谷，新的一天开始了，我们一起听听这个声音。",
    "Chinese,Yue": "朝早嘅陽光照住山谷，新嘅一日開始喇，我哋一齊聽吓呢把聲。",
    "English": "The morning light fills the valley, a new day begins, and this is how the voice sounds.",
    "Arabic": "يملأ ضوء الصباح الوادي، ويبدأ يوم جديد، وهكذا يبدو هذا الصوت.",
    "Russian": "Утренний свет наполняет долину, начинается новый день, и так звучит этот голос.",
    "Spanish": "La luz de la mañana llena el valle, empieza un nuevo día, y así suena esta voz.",
    "French": "La lumière du matin remplit la vallée, un nouveau jour commence, et voici cette voix.",
    "Portuguese": "A luz da manhã enche o vale, um novo dia começa, e é assim que soa esta voz.",
    "German": "Das Morgenlicht füllt das Tal, ein neuer Tag beginnt, und so klingt diese Stimme.",
    "Turkish": "Sabah ışığı vadiyi dolduruyor, yeni bir gün başlıyor ve bu ses böyle duyuluyor.",
    "Dutch": "Het ochtendlicht vult het dal, een nieuwe dag begint, en zo klinkt deze stem.",
    "Ukrainian": "Ранкове світло наповнює долину, починається новий день, і так звучить цей голос.",
    "Vietnamese": "Ánh sáng ban mai tràn ngập thung lũng, một ngày mới bắt đầu, và đây là giọng nói này.",
    "Indonesian": "Cahaya pagi memenuhi lembah, hari baru dimulai, dan beginilah suara ini terdengar.",
    "Japanese": "あさのひかりがたにをみたし、あたらしいいちにちがはじまります。このこえをきいてください。",
    "Italian": "La luce del mattino riempie la valle, comincia un nuovo giorno, ed ecco questa voce.",
    "Korean": "아침 햇살이 골짜기를 채우고 새로운 하루가 시작됩니다. 이 목소리를 들어 보세요.",
    "Thai": "แสงยามเช้าส่องทั่วหุบเขา วันใหม่เริ่มต้นขึ้น และนี่คือเสียงนี้",
    "Polish": "Poranne światło wypełnia dolinę, zaczyna się nowy dzień, a tak brzmi ten głos.",
    "Romanian": "Lumina dimineții umple valea, începe o nouă zi, iar așa sună această voce.",
    "Greek": "Το πρωινό φως γεμίζει την κοιλάδα, μια νέα μέρα αρχίζει, και έτσι ακούγεται αυτή η φωνή.",
    "Czech": "Ranní světlo plní údolí, začíná nový den a takto zní tento hlas.",
    "Finnish": "Aamun valo täyttää laakson, uusi päivä alkaa, ja tältä tämä ääni kuulostaa.",
    "Hindi": "सुबह की रोशनी घाटी में फैल रही है, एक नया दिन शुरू हो रहा है, और यह आवाज़ ऐसी है।",
    "Bulgarian": "Утринната светлина изпълва долината, започва нов ден и така звучи този глас.",
    "Danish": "Morgenlyset fylder dalen, en ny dag begynder, og sådan lyder denne stemme.",
    "Hebrew": "אור הבוקר ממלא את העמק, יום חדש מתחיל, וכך נשמע הקול הזה.",
    "Malay": "Cahaya pagi memenuhi lembah, hari baharu bermula, dan beginilah bunyi suara ini.",
    "Persian": "نور صبح دره را پر می‌کند، روز تازه‌ای آغاز می‌شود، و این صدا چنین است.",
    "Slovak": "Ranné svetlo napĺňa údolie, začína sa nový deň a takto znie tento hlas.",
    "Swedish": "Morgonljuset fyller dalen, en ny dag börjar, och så här låter rösten.",
    "Croatian": "Jutarnje svjetlo ispunjava dolinu, počinje novi dan, a ovako zvuči ovaj glas.",
    "Filipino": "Pinupuno ng liwanag ng umaga ang lambak, nagsisimula ang bagong araw, at ganito ang boses.",
    "Hungarian": "A reggeli fény betölti a völgyet, új nap kezdődik, és így szól ez a hang.",
    "Norwegian": "Morgenlyset fyller dalen, en ny dag begynner, og slik låter denne stemmen.",
    "Slovenian": "Jutranja svetloba napolni dolino, začenja se nov dan in tako zveni ta glas.",
    "Catalan": "La llum del matí omple la vall, comença un nou dia, i així sona aquesta veu.",
    "Nynorsk": "Morgonljoset fyller dalen, ein ny dag byrjar, og slik lyder denne røysta.",
    "Tamil": "காலை ஒளி பள்ளத்தாக்கை நிரப்புகிறது, புதிய நாள் தொடங்குகிறது, இந்தக் குரல் இப்படித்தான் ஒலிக்கிறது.",
    "Afrikaans": "Die oggendlig vul die vallei, 'n nuwe dag begin, en so klink hierdie stem.",
}
