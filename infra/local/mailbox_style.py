# SPDX-License-Identifier: Apache-2.0
"""Look and behaviour of the mailbox pages, inline so that a page is one answer."""

# ruff: noqa: E501 - style rules read best one a line

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--ground:#f4f2ee;--paper:#fff;--ink:#23211d;--soft:#6a655c;--line:#dfdad1;
--accent:#0b5d50;--accent-soft:#e2efec;--bad:#9c2f1f;--bad-soft:#f8e7e3;--mono:ui-monospace,"DejaVu Sans Mono",monospace}
@media(prefers-color-scheme:dark){:root{--ground:#191816;--paper:#22211e;--ink:#ece8e0;--soft:#a49d91;--line:#3a3732;
--accent:#7fd0bf;--accent-soft:#1f3632;--bad:#f0a193;--bad-soft:#43261f}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,"DejaVu Sans",sans-serif}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.bar{display:flex;flex-wrap:wrap;gap:8px 20px;align-items:center;padding:10px 16px;border-bottom:1px solid var(--line);background:var(--paper)}
.bar h1{font-size:17px;margin:0;white-space:nowrap}
.bar h1 a{color:inherit;text-decoration:none}
.bar form{display:flex;gap:8px;flex:1 1 260px;max-width:520px}
input{flex:1;min-width:0;font:inherit;padding:7px 10px;border:1px solid var(--line);border-radius:7px;background:var(--ground);color:var(--ink)}
button,.button{font:inherit;padding:7px 12px;border:1px solid var(--line);border-radius:7px;background:var(--paper);color:var(--ink);cursor:pointer;text-decoration:none}
.count{color:var(--soft);margin-left:auto;font-size:13px}
main{display:grid;grid-template-columns:minmax(300px,380px) minmax(0,1fr);height:calc(100vh - 56px);height:calc(100dvh - 56px)}
main.alone{grid-template-columns:minmax(0,760px);justify-content:center;height:auto}
.list{overflow:auto;border-right:1px solid var(--line);margin:0;padding:0;list-style:none;background:var(--paper)}
.alone .list{border:1px solid var(--line);border-radius:10px;margin:20px 16px;overflow:hidden}
.list a{display:block;padding:10px 16px;border-bottom:1px solid var(--line);color:inherit;text-decoration:none}
.list li:last-child a{border-bottom:0}
.list a:hover{background:var(--ground)}
.list a[aria-current]{background:var(--accent-soft);box-shadow:inset 3px 0 var(--accent)}
.row{display:flex;gap:12px;justify-content:space-between}
.who{font-weight:600;overflow-wrap:anywhere}
.when,.soft{color:var(--soft);font-size:13px;white-space:nowrap}
.subject{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;color:var(--soft)}
.subject .soft{white-space:normal}
.badge{display:inline-block;font-size:12px;padding:1px 7px;border-radius:99px;background:var(--accent-soft);color:var(--accent)}
.badge.bad{background:var(--bad-soft);color:var(--bad)}
.mail{display:flex;flex-direction:column;min-width:0;min-height:0;overflow:auto}
.head{padding:16px 20px 12px;background:var(--paper);border-bottom:1px solid var(--line)}
.head h2{margin:0 0 8px;font-size:20px;line-height:1.25;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 12px;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.tools{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;justify-content:space-between;padding:10px 20px}
.tabs{display:flex;flex-wrap:wrap;gap:4px}
.tabs a{padding:6px 12px;border-radius:7px;text-decoration:none;color:var(--ink)}
.tabs a[aria-current]{background:var(--accent-soft);color:var(--accent);font-weight:600}
.view{flex:1;min-height:420px;padding:0 20px 20px;display:flex;justify-content:center}
iframe{width:100%;height:100%;min-height:420px;border:1px solid var(--line);border-radius:10px;background:#fff;color-scheme:light}
iframe.phone{width:392px;max-width:100%}
pre{margin:0;width:100%;padding:16px;border:1px solid var(--line);border-radius:10px;background:var(--paper);overflow:auto;font:13px/1.5 var(--mono);white-space:pre-wrap;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;background:var(--paper);border:1px solid var(--line);align-self:flex-start}
td{padding:6px 12px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere;font:13px/1.5 var(--mono)}
td:first-child{color:var(--soft);white-space:nowrap}
.none{text-align:center;padding:64px 20px;color:var(--soft)}
.none h2{color:var(--ink);font-size:20px;margin:0 0 6px}
.pages{display:flex;justify-content:space-between;padding:12px 16px}
.news{position:fixed;left:50%;bottom:20px;transform:translateX(-50%);background:var(--ink);color:var(--paper);border:0;border-radius:99px;padding:10px 18px;box-shadow:0 4px 20px #0004}
.news[hidden]{display:none}
.back{display:none}
@media(max-width:799px){
main{display:block;height:auto}.two>.column{display:none}.back{display:inline-block;margin-bottom:8px}
.alone .list{margin:0;border-width:0 0 1px;border-radius:0}
.head{padding:12px 16px}.tools{padding:10px 16px}.view{padding:0 16px 16px}.width{display:none}
iframe{min-height:70vh}tr,td{display:block}td:first-child{border:0;padding-bottom:0}td:last-child{padding-top:0}.count{margin-left:0}}
.column{display:flex;flex-direction:column;min-height:0;border-right:1px solid var(--line);background:var(--paper);overflow:auto}
.column .list{border:0;overflow:visible}
.alone .column{display:contents}
"""

# Says when mail arrived since the page was made; the page works the same without it.
SCRIPT = """
(function(){var b=document.getElementById('news'),n=+b.dataset.accepted;
b.onclick=function(){location.reload()};
var c=document.querySelector('.list a[aria-current]');if(c)c.scrollIntoView({block:'nearest'});
setInterval(function(){if(document.hidden)return;fetch('/local/mailbox/count').then(function(r){return r.json()}).then(function(c){
var k=c.accepted-n;if(k){b.hidden=false;b.textContent=k<0?'The mailbox was emptied. Reload':k===1?'1 new mail. Show it':k+' new mails. Show them'}}).catch(function(){})},2000)})();
"""
