import asyncpg, json, gzip, random, logging
from datetime import datetime, UTC
from pathlib import Path
import orjson
from services.ingest.decode import Context, Accepted, validate
from services.ingest.pseudonym import Keyring
from services.ingest.themes import Themes
from services.nps import store
from services.nps.decode import decode
from shared.batch import BatchRunner
from shared.contracts.catalogue import Stream
from shared.keys import Key
from shared.letters import Sealer
from shared.metrics import PipelineMetrics
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool
from shared.record import PlainRecord
from shared.registers import load_folder
from shared.registers.load import load
from prometheus_client import CollectorRegistry
S=Path("tests/data/sample")
async def test_it(database):
    regs=load_folder(S/"config")
    ctx=Context(regs.known_units,regs.sources,Themes(regs.themes),Keyring((Key("k1",b"x"*32),)),datetime.now(UTC))
    exp=json.loads(gzip.open(S/"figures.json.gz").read())
    want={r["line"]:r["reason"] for r in exp["rejected"]}
    lines=gzip.open(S/"events.jsonl.gz").read().split(b"\n")
    recs=[];bad=0
    for i,l in enumerate(lines,1):
        if not l.strip(): continue
        try: t=orjson.loads(l).get("type","")
        except Exception: t=""
        st=Stream.FEEDBACK if str(t).startswith("fi.hva.feedback") else Stream.CONTACT if str(t).startswith(("fi.hva.contact","fi.hva.hyte")) else Stream.CARE
        o=validate(l,(),st,ctx)
        got=None if isinstance(o,Accepted) else str(o.reason)
        if got!=want.get(i): bad+=1; print(i,got,want.get(i),getattr(o,"detail",""))
        if isinstance(o,Accepted) and o.topic=="hva.feedback.v1": recs.append(PlainRecord(o.topic,0,i,0,o.key,o.value))
    print("verdicts differ",bad,len(recs))
    pool=await make_pool(database.dsn("hva_nps"),"t")
    async with pool.acquire() as c: await load(c,regs)
    m=PipelineMetrics("nps",CollectorRegistry())
    run=BatchRunner("hva.feedback.v1",lambda r: decode(r,regs),StoreCommit("nps",pool,Sealer((Key("l",b"y"*32),)),lambda c,n,f: store.apply(c,n,f,regs)),m,logging.getLogger("x"))
    rng=random.Random(3); rng.shuffle(recs)
    recs+=rng.sample(recs,200)
    i=0
    while i<len(recs):
        n=rng.choice([1,7,50,300]); await run.run(recs[i:i+n]); i+=n
    await pool.close()
    s=await asyncpg.connect(database.dsn("hva_steward"),server_settings={"hva.as_of":"2026-07-01T00:00:00+00:00"})
    for v in ("nps","statement","pei","response","response_rate","direct_feedback"):
        rows=[dict(r) for r in await s.fetch(f"select * from figures.{v}")]
        keys=["county","period_kind","period","scope_level","scope","channel","segment"]+[k for k in("question","kind","theme") if k in exp["figures"][v][0]]
        e={tuple(r[k] for k in keys):r for r in exp["figures"][v] if r["segment"]=="all"}
        g={tuple(r[k] for k in keys):r for r in rows if r["segment"]=="all"}
        def same(a,b):
            return set(a)==set(b) and all((abs(a[k]-b[k])<=1e-9*max(1,abs(a[k])) if isinstance(a[k],float) and b[k] is not None else a[k]==b[k]) for k in a)
        diff=[k for k in set(e)|set(g) if k not in e or k not in g or not same(e[k],g[k])]
        print(v,len(e),len(g),"differ",len(diff),[(k,e.get(k),g.get(k)) for k in diff[:2]])
    await s.close()
