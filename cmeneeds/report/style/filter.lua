-- Turns the spans and divs of a report into links, cards and notices, for HTML, DOCX and PDF.
--
-- Runs before citeproc. Every attribute that is not known here is dropped, and so is every link
-- that is neither to the web nor into the document: text that slipped through escaping could
-- otherwise add handlers or styles.

local html = FORMAT:match("html") ~= nil
local docx = FORMAT:match("docx") ~= nil
local typst = FORMAT:match("typst") ~= nil

local styles = { -- Word's paragraph styles for divs
  ["open-question"] = "Open Question",
  draft = "Banner Draft",
  sample = "Banner Sample",
}

local function anchor(address)
  return "p-" .. address:gsub("%.", "-")
end

local function keep(attributes, allowed)
  local kept = {}
  for key, value in pairs(attributes) do
    if allowed[key] then kept[#kept + 1] = { key, value } end
  end
  table.sort(kept, function(a, b) return a[1] < b[1] end)
  return kept
end

local function shown_image(image)
  if not (image.src:match("^figures/[%w_-]+$") or image.src:match("^figures/[%w_-]+%.%a+$")) then
    error("an image is not a file in figures/: " .. image.src)
  end
  -- The folder is pandoc's resource path.
  image.src = image.src:gsub("^figures/", "")
  if not image.src:match("%.") then image.src = image.src .. (docx and ".png" or ".svg") end
  image.attributes = {}
  image.classes = {}
  return image
end

local function checked_link(link)
  local target = link.target
  if not (target:match("^https?://") or target:match("^#") or target:match("^mailto:")) then
    return pandoc.Span(link.content)
  end
  link.attributes = {}
  return link
end

-- Citations: superscripts go behind a following period or comma (citeproc does that), but stand
-- before a colon or semicolon; a word joiner keeps citeproc's hands off those two.
local function guarded(inline, following)
  return inline.t == "Cite" and following and following.t == "Str"
    and following.text:match("^[:;]")
end

local function guard_citations(inlines)
  local wanted = false
  for i, inline in ipairs(inlines) do wanted = wanted or guarded(inline, inlines[i + 1]) end
  -- Handing a list back costs far more than looking at it.
  if not wanted then return nil end
  local out = pandoc.Inlines({})
  for i, inline in ipairs(inlines) do
    out:insert(inline)
    if guarded(inline, inlines[i + 1]) then
      out:insert(pandoc.Str("\u{2060}"))
    end
  end
  return out
end

-- Word takes the size of text in cells from the paragraph's style, not from the table's.
local function styled_cells(tbl)
  local function style(rows, name)
    for _, row in ipairs(rows) do
      for _, cell in ipairs(row.cells) do
        local blocks = pandoc.Blocks(cell.contents):map(function(block)
          return block.t == "Plain" and pandoc.Para(block.content) or block
        end)
        cell.contents = { pandoc.Div(blocks, { ["custom-style"] = name }) }
      end
    end
  end
  style(tbl.head.rows, "Table Heading")
  for _, body in ipairs(tbl.bodies) do style(body.body, "Table Text") end
end

-- Word sets a definition list as two paragraphs an entry: as a table it takes half the room.
local function cover_table(list)
  local rows = pandoc.List({})
  for _, entry in ipairs(list.content) do
    local blocks = pandoc.Blocks({})
    for _, definition in ipairs(entry[2]) do blocks:extend(definition) end
    rows:insert({ { pandoc.Plain(pandoc.Inlines({ pandoc.Strong(entry[1]) })) }, blocks })
  end
  local made = pandoc.utils.from_simple_table(pandoc.SimpleTable(
    {}, { "AlignLeft", "AlignLeft" }, { 0.2, 0.8 }, {}, rows))
  styled_cells(made)
  return made
end

-- The items of a box belong into the box: Word shades what has the box's own style.
local function boxed(blocks)
  return blocks:walk({
    BulletList = function(list)
      for i, item in ipairs(list.content) do
        local inner = pandoc.Blocks(item):map(function(block)
          return block.t == "Plain" and pandoc.Para(block.content) or block
        end)
        list.content[i] = { pandoc.Div(inner, { ["custom-style"] = styles["open-question"] }) }
      end
      return list
    end,
  })
end

-- In a narrow cell a short figure and the number of its reference stay on one line.
local SHORT_FIGURE = 24 -- letters

local function together(inlines)
  local out, changed = pandoc.Inlines({}), false
  for _, inline in ipairs(inlines) do
    local before = out[#out]
    if inline.t == "Cite" and before and before.t == "Link" and before.classes:includes("figure")
        and utf8.len(pandoc.utils.stringify(before.content)) <= SHORT_FIGURE then
      out[#out] = pandoc.Span({ before, inline }, { class = "together" })
      changed = true
    else
      out:insert(inline)
    end
  end
  return changed and out or nil
end

function Pandoc(doc)
  local uses, quotes, known = {}, {}, {}

  doc = doc:walk({ Image = shown_image, Link = checked_link, Inlines = guard_citations })

  -- First pass: what each card quotes, and which numbers lead to it.
  doc:walk({
    Div = function(div)
      local address = div.attributes.address
      if div.classes:includes("passage") and address and not known[address] then
        known[address] = true
        div:walk({ BlockQuote = function(q) quotes[address] = pandoc.utils.stringify(q) end })
      end
    end,
  })
  local serial = 0
  doc = doc:walk({
    Span = function(span)
      local class = span.classes[1]
      if span.classes:includes("figure") then
        local address = span.attributes.passage or ""
        if not known[address] then error("no evidence card for " .. address) end
        serial = serial + 1
        local name = "n-" .. serial
        uses[address] = uses[address] or {}
        table.insert(uses[address], name)
        local title = html and (quotes[address] or "") or ""
        local link = pandoc.Link(span.content, "#" .. anchor(address), title)
        local _, spaces = pandoc.utils.stringify(span.content):gsub("%s+", "")
        link.classes = html and spaces > 5 and { "figure", "quotation" } or { "figure" }
        if html then
          link.identifier = name
          return link
        end
        return pandoc.Span({ link }, { id = name })
      elseif class == "br" then
        return pandoc.LineBreak()
      elseif class == "sup" then
        return pandoc.Superscript(span.content)
      elseif class == "sub" then
        return pandoc.Subscript(span.content)
      elseif class == "value" then
        if html or typst then return pandoc.Span(span.content, { class = "value" }) end
        return pandoc.Strong(span.content)
      elseif class == "writer" then
        local attributes = docx and { ["custom-style"] = "Writer Text" } or {}
        return pandoc.Span(span.content, pandoc.Attr("", { "writer" }, attributes))
      elseif class == "status" then
        return pandoc.Span({ pandoc.Strong(span.content) }, { class = "status" })
      end
      span.attributes = keep(span.attributes, { key = true })
      if not html then span.attributes = {} end
      return span
    end,
  })

  -- Second pass: the cards themselves, each anchor once.
  local anchored = {}
  local function card(div)
    local address = div.attributes.address or ""
    local name = anchor(address)
    local first = not anchored[address]
    anchored[address] = true
    local last = div.content[#div.content]
    if first and uses[address] and last and last.t == "Para" then
      local back = pandoc.Inlines({ pandoc.Str(" · Used in: ") })
      for i, use in ipairs(uses[address]) do
        if i > 1 then back:insert(pandoc.Str(" ")) end
        local link = pandoc.Link({ pandoc.Str("↩" .. i) }, "#" .. use)
      back:insert(link)
      end
      last.content:insert(pandoc.Span(back, { class = "uses" }))
    end
    local attributes = keep(div.attributes, { address = html, label = html, status = html })
    local new = pandoc.Div(div.content, pandoc.Attr(first and name or "", { "passage" }, attributes))
    if docx and last then
      new.content[#new.content] = pandoc.Div({ last }, { ["custom-style"] = "Evidence Source" })
    end
    return new
  end

  local function evidence(div)
    local summary = div.content[1]
    if not summary then return {} end
    local rest = pandoc.Blocks({})
    for i = 2, #div.content do rest:insert(div.content[i]) end
    if html then
      local title = pandoc.write(pandoc.Pandoc({ pandoc.Plain(summary.content) }), "html")
      local out = pandoc.Blocks({
        pandoc.RawBlock("html", '<details class="evidence"><summary>' .. title .. "</summary>"),
      })
      out:extend(rest)
      out:insert(pandoc.RawBlock("html", "</details>"))
      return out
    end
    local attributes = docx and { ["custom-style"] = "Evidence Heading" } or {}
    rest:insert(1, pandoc.Div({ summary }, pandoc.Attr("", { "evidence-heading" }, attributes)))
    return rest
  end

  return doc:walk({
    Div = function(div)
      if div.classes:includes("evidence") then return evidence(div) end
      if div.classes:includes("passage") then return card(div) end
      if div.identifier == "refs" then return div end
      local class
      for _, c in ipairs(div.classes) do class = styles[c] and c or class end
      div.attributes = keep(div.attributes, { key = html })
      if class and docx then
        div.attributes["custom-style"] = styles[class]
        div.content = boxed(div.content)
      end
      if class and html then div.attributes.role = "note" end
      return div
    end,
    Header = function(header)
      header.attributes = {}
      return header
    end,
    Code = function(code)
      code.attributes = {}
      return code
    end,
    CodeBlock = function(code)
      code.attributes = {}
      return code
    end,
    Table = function(tbl)
      tbl.attributes = {}
      if html then
        -- Scrolls by itself on a narrow screen, and by keyboard.
        local name = pandoc.utils.stringify(tbl.caption.long)
        tbl = tbl:walk({ Inlines = together })
        return pandoc.Div({ tbl }, pandoc.Attr("", { "scroll" }, {
          { "tabindex", "0" }, { "role", "region" }, { "aria-label", name },
        }))
      end
      if docx then styled_cells(tbl) end
      return tbl
    end,
    DefinitionList = function(list)
      return docx and cover_table(list) or nil
    end,
  })
end
