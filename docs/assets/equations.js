// Settings of MathJax: equations as pictures of lines, without fonts or other files.
window.MathJax = {
  tex: { inlineMath: [["\\(", "\\)"]], displayMath: [["\\[", "\\]"]] },
  svg: { fontCache: "global" },
  options: { enableMenu: false, ignoreHtmlClass: ".*", processHtmlClass: "arithmatex" },
};
