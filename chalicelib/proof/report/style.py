# SPDX-License-Identifier: Apache-2.0
"""How the report looks: black on white, on paper, on a phone, on a desk.

Guarantees that nothing is said by colour alone and nothing is loaded.
"""

from typing import Final

STYLE: Final = """
*{box-sizing:border-box}
html{color-scheme:light;-webkit-text-size-adjust:100%}
body{font:17px/1.55 Georgia,"Times New Roman",serif;color:#111;background:#fff;max-width:50rem;
margin:0 auto;padding:2rem 1.25rem 4rem;overflow-wrap:anywhere}
h1,h2,h3,th,dt,.label{font-family:"Helvetica Neue",Arial,sans-serif;line-height:1.25}
h1{font-size:2rem;margin:0 0 1.25rem}
h2{font-size:1.3rem;margin:2.75rem 0 .9rem;padding-top:.6rem;border-top:2px solid #111}
h3{font-size:1rem;margin:1.5rem 0 .4rem}
h2,h3{break-after:avoid}
p{margin:.5rem 0;orphans:3;widows:3}
ul{margin:.5rem 0;padding-left:1.3rem}
li{margin:.3rem 0}
a{color:inherit}
dl{margin:0}
dl>div{display:grid;grid-template-columns:12rem 1fr;gap:.1rem 1rem;padding:.3rem 0;
border-top:1px solid #ccc}
dl>div:first-child{border-top:0}
dt,.label{color:#444;font-size:.85rem}
dt{padding-top:.15rem}
dd{margin:0}
.state{font-size:1.12rem;border-left:4px solid #111;padding:.1rem 0 .1rem 1rem;margin:.9rem 0}
.how{color:#333;font-size:.92rem;break-after:avoid}
.facts{margin:0;padding:0;list-style:none}
.facts>li{margin:.75rem 0;break-inside:avoid}
.mark{font-weight:bold}
pre{font:14px/1.5 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;border:1px solid #999;
padding:.9rem 1rem;margin:.6rem 0}
time{white-space:nowrap}
.facts>li>time:first-child{font-weight:bold}
article{break-inside:avoid;margin-bottom:1.5rem}
article dl{font-size:.9rem}
table{border-collapse:collapse;width:100%;table-layout:fixed;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .9rem .5rem 0;border-top:1px solid #999}
thead th{border-top:0;font-size:.8rem;color:#444}
td .label{display:none}
td time{white-space:normal}
td:last-child,th:last-child{padding-right:0}
tr{break-inside:avoid}
@media (max-width:40rem){
body{font-size:16px;padding:1.25rem 1rem 3rem}
h1{font-size:1.6rem}
dl>div{grid-template-columns:1fr}
time{white-space:normal}
thead{display:none}
table,tbody,tr,td{display:block;width:auto}
tr{border-top:2px solid #999;padding:.5rem 0}
td{border:0;padding:.3rem 0}
td .label{display:block}
}
@page{margin:20mm 18mm 18mm;@bottom-right{content:counter(page) " / " counter(pages);
font:9pt Arial,sans-serif}}
@media print{
body{max-width:none;margin:0;padding:0;font-size:10.5pt}
h1{font-size:20pt}h2{font-size:13pt;margin-top:1.6rem}
pre{font-size:9pt}
table,article dl{font-size:9pt}
.annex{break-before:page}
.annex h2{margin-top:0}
}
"""
