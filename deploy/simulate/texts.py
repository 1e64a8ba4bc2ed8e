"""Comments of clients; many contain stems of `themes.csv`."""

COMMENTS = (
    "Hoitaja kohtasi minut ystävällisesti ja kuunteli.",
    "Todella ammattitaitoinen lääkäri, kiitos!",
    "Jonotin puhelimessa liian kauan, odotus oli pitkä.",
    "Palvelu oli sujuvaa ja nopeaa.",
    "En saanut ohjeita jatkosta, tiedonkulku ei toiminut.",
    "Aikoja ei ollut saatavilla ennen ensi kuuta.",
    "Digipalvelu oli helppo käyttää, sovellus toimi hyvin.",
    "Lasku oli väärin ja maksusta ei kerrottu.",
    "Pysäköinti oli hankalaa, tilat muuten siistit.",
    "Minut kohdattiin ihmisenä, tulin kuulluksi.",
    "Lähetteen kanssa kului viikkoja, kukaan ei soittanut.",
    "Personalen var vänlig och lyssnade.",
    "Fast and friendly service.",
    "Kaikki hyvin.",
    "   ",
)

THANKS = (
    "Kiitos ystävällisestä kohtelusta!",
    "Asiantunteva ja osaava hoitaja, lämmin kiitos.",
    "Kaikki sujui nopeasti, kiitos.",
)
COMPLAINTS = (
    "Puhelinaikoja ei ole ja jono on pitkä.",
    "Tiedot eivät siirtyneet yksiköstä toiseen.",
    "Kohtelu oli töykeää enkä tullut kuulluksi.",
    "Sähköinen ajanvaraus ei toimi.",
    "Lasku tuli käynnistä, jota ei ollut.",
)
IDEAS = (
    "Voisiko chat olla auki myös illalla?",
    "Toivoisin selkeämmät ohjeet verkkosivuille.",
    "Esteetön sisäänkäynti tarvitaan.",
)
