/* SPDX-License-Identifier: MIT */
#include "core/embed/words.h"

#include <math.h>
#include <string.h>

#include "core/util/hash.h"

/* Stems by the share of passages that have them, averaged over the documentation packages of
 * Apache, CMake, Django, Docker, git, Linux, Node.js, Perl and SQLite in Debian 12; only those that
 * at least five of the nine use. The rarest kept is in one passage of two hundred. */
static const struct band {
    float share; /* geometric mean of the band */
    const char *stems;
} bands[] = {
    {0.3859f, "a an and are as be by can file for from if in is it name not of on or set that the "
              "this to use when will with"},
    {0.1361f, "0 1 2 ad all also ani at but c call chang code command contain content creat data "
              "default do document error exampl follow function get has have html http id index "
              "list make may modul more new no object one onli option other requir return run s "
              "see should so sourc specifi string style support then time type valu variabl "
              "version which work you"},
    {0.0757f, "3 7 about add after allow api applic argument attribut avail base been befor build "
              "case check class com compil config configur current databas defin descript detail "
              "differ direct directori doe each element enabl exist fals featur field first format "
              "general generat git given how href https i import includ inform instead into key l "
              "like line lite log match method mode must n need next node none note now null "
              "number oper output page paramet pass path perl previous print process properti "
              "provid queri read refer remov request result same search server show sinc size some "
              "specif start status such system tabl test text than there these they titl top true "
              "up updat url user var was we where without write your"},
    {0.0482f, "4 abov access addit align alway apach array b back becaus between block both buffer "
              "bug byte cach charact client commit connect consol const context control core d de "
              "depend disabl display div driver e either els en encod end entri even event except "
              "execut express extens filter find flag form go handl header host imag img implement "
              "input instal instanc interfac item js json just kernel last length librari licens "
              "limit linux local locat manag mani margin mean memori messag mod model modifi most "
              "multipl my navig non off open order origin out over p part perform point possibl "
              "project relat releas report respons script section select singl sq sql src static "
              "store syntax tag take target their them timeout two under valid vertic view want "
              "warn way what window would x"},
    {0.0326f, "1.1 10 100 5 accept address alreadi alt anoth append appli author automat avoid "
              "behavior below binari bit bodi boolean built callback cannot caus cgi chapter child "
              "close color column common compat complet consid copi copyright correct correspond "
              "could cpu custom date db debug delet deprec describ determin develop devic dir doc "
              "doesn don e.g empti engin environ exit explicit f fail fix foo found full g github "
              "github.com global group help here histori home howev identifi ignor indic initi "
              "inner integ intern issu itself keyword la label languag le left level link listen "
              "load logo look m map max middl might network normal o ok onc org otherwis overrid "
              "packag pad parent per platform png port post problem program pull quick r re receiv "
              "ref replac repositori right root second secur self send separ share signal similar "
              "site small space special standard state statement still stream t templat those "
              "thread three through toggl tool topic tree tri txt un usag util v1 via virtual well "
              "were whether while within y yaml"},
    {0.0208f, "200 2000 2022 30 500 8 accomplish activ actual admin against alia alloc altern "
              "appropri archiv arg assign associ assum attach attempt auth begin better bin bind "
              "bold bottom branch button ce certain char choos clear comment compon condit "
              "constant content-type continu contributor convert count declar def definit done "
              "download dure edit effect emit ensur env equival err es etc evalu everi exact "
              "expect experiment export extend extern extra fast fetch filenam filesystem final "
              "font forc fr frame free fs futur give guid handler happen hash head hide hook httpd "
              "i.e inc info init insid int introduc invalid invok io ip j java keep know lang "
              "later let lock long longer lookup lower made main maintain manual mark maximum merg "
              "miss multi ne net never obj occur old optim os own pack par pars particular patch "
              "pattern place pleas pointer polici posit pr pre prefix present prevent privat "
              "protocol public push rais rang rather reason regist regular rel remot repres resolv "
              "resourc rst rule runtim save scope sent sequenc servic session sever shell short "
              "side simpl socket softwar someth span stack step stop storag struct structur sub "
              "success sure td termin thing tr trace track translat typic u undefin unicod unix "
              "unless until usual v0 veri w web weight worker written www zero"},
    {0.0137f, "-c -f 11 16 2.0 2.4 20 404 6 9 abl absolut action affect again algorithm anyth app "
              "appear architectur ascii assert async au auto backend background bar basic becom "
              "besid best blob break browser built-in builtin capabl care changelog claus cmd "
              "combin come command-line compar compress comput conflict consist constraint "
              "construct contrib crypto daemon design destroy detect dev diagram die diff disk "
              "distribut domain doubl down drop due dynam earlier email enhanc entir equal exec "
              "expos expr failur famili few float focus foreign fragment further generic good h "
              "had hardwar high hold hostnam immedi improv individu inherit insert inspect "
              "instruct integr intend interpret isn iter javascript join known larg latest layer "
              "lead least leav less lib liter logic loop ls machin md me mechan media menu meta "
              "min mount move much namespac nativ necessari nm noth numer offset often older omit "
              "op opt our outsid pair password permiss plan plugin plus posix power prefer prepar "
              "pretti primari prior produc promis prop proper proxi purpos put python quot raw "
              "readabl readi real recommend record recurs redirect regex reliabl remain reset "
              "respect restrict revers routin row safe say scalar schema se serial sign simpli "
              "skip sometim sort sp ssl stat stderr stdin stdout strict subsystem suit super "
              "switch symbol sys task tcp tell term therefor though throw thus tls too total treat "
              "trigger turn uniqu upgrad usr utf utf-8 utf8 v v2 various verifi void volum wait "
              "white whose width word xml yet z"},
    {0.0088f, "--help -d -s 00 12 15 3.1 32 abort accord across administr aggreg along alter "
              "amount arbitrari around ask asynchron authent awar backward bad big black blue "
              "bound bridg bus c++ caller captur certif chain channel choic chunk clean cli click "
              "clone cluster collect communic communiti comparison compile-time complex conf "
              "consum conveni corrupt cover crash creation cross css day decim decod descriptor "
              "desir destin diagnost did digest digit discuss dns dump echo effici el endpoint "
              "enter escap eval everyth exclud explain ext extract faster fault fd finish footer "
              "forward foundat framework glob gnu greater guarante hand hard height hello henc "
              "higher highlight hint hyperlink i++ ident implicit incorrect increas inject "
              "interact interrupt interv introduct involv k kill kind larger learn legaci len "
              "linker low mac macro magic mail master member migrat minimum modif negat notic nov "
              "obtain overridden overview param parser parti peopl period pid pipe plain popul "
              "postgr potenti preced probabl progress protect publish question random read-only "
              "realli recent red reduc referenc reg regardless regexp registri reject renam render "
              "repeat repo represent res reserv resolut restart retriev revis rewrit rfc rm scan "
              "schedul scheme selector serv setup sh shown signatur situat solut speed split "
              "stabil str strong subclass subdirectori subject submit subsequ succeed suffix "
              "summari suppli sync synchron tail taken tar technolog temp th third thrown timer "
              "timestamp togeth token transact transfer transform trust tti ubuntu understand unit "
              "unlik upload upon upper uri us utc v5 variant ve verbos visual vm vs whi who whole "
              "won world wrap writabl wrong yellow zlib"},
    {0.0061f, "-a -b -e -i -m -p -t -v 1.0 1.3 13 14 17 2.1 2006 256 3.2 3.3 32-bit 400 64 64-bit "
              "80 abil abstract account addr advanc advantag ago alias almost although anonym "
              "answer approach apr area aren articl atom attack aux away bash behav blank bool "
              "boot broken buf bugfix bundl ca calcul cat catch categori charset checkout cn comma "
              "compact concurr confus consult content-length contribut convers cooki cost counter "
              "cpus cycl deal debugg defer delay deni deploy depth detach disconnect distinct "
              "duplic earli easi easier easili embed emul encount encrypt enforc enough especi "
              "essenti ex example.com exceed exclus exe exp expand expir fact fair fatal fill "
              "flush fork four fulli func glossari graph green h1 h2 hack helper hidden hr hub "
              "human icon idea ie impli incompat increment independ inlin interest invoc ipv4 ipv6 "
              "isol journal leak letter littl live loader login lot major makefil malloc mandatori "
              "manipul mask measur mem mention metadata mime minim minor minut monitor month msg "
              "mysql nest newer non-zero nor num packet parallel partial paus pend permit persist "
              "pool portabl practic preserv printf prioriti privileg proc processor product profil "
              "programm prompt prototyp pub q queue quiet quit reach reader rebuild recogn regress "
              "relationship relev reli reload rememb respond rest restor reus review ro rw sampl "
              "san satisfi scale secret seen semant sensit seri signific silent slash slight spec "
              "stabl stage startup statist substitut suppos suppress swap synopsi techniqu "
              "temporari think ticket tie top-level trail truncat tutori uid ul unknown unpack "
              "unset unsign upstream usernam v4 vari visibl visit whatev whenev whitespac wide "
              "widget win32 wish wrapper x86 xcode year yes zone"},
};

/* A word this rare, or one that is in no band, counts fully. */
#define RARE_SHARE 0.003f

uint64_t word_hash(const char *stem, size_t len)
{
    uint64_t h = hash64(stem, len, 0);
    return h ? h : 1;
}

void word_weights_init(struct word_weights *w, float exponent)
{
    memset(w, 0, sizeof(*w));
    for (size_t b = 0; b < sizeof(bands) / sizeof(*bands); b++) {
        float weight = powf(logf(bands[b].share) / logf(RARE_SHARE), exponent);
        for (const char *s = bands[b].stems; *s;) {
            size_t len = strcspn(s, " ");
            uint64_t h = word_hash(s, len);
            size_t i = h % WORD_SLOTS;
            while (w->hash[i])
                i = (i + 1) % WORD_SLOTS;
            w->hash[i] = h;
            w->weight[i] = weight;
            s += len + (s[len] == ' ');
        }
    }
}

float word_weight(const struct word_weights *w, uint64_t hash)
{
    for (size_t i = hash % WORD_SLOTS; w->hash[i]; i = (i + 1) % WORD_SLOTS)
        if (w->hash[i] == hash)
            return w->weight[i];
    return 1;
}
