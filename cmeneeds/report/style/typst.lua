-- For PDF: the divs, figures and marks of a report as functions of report.typ. Runs last. Only this
-- file writes raw typst, and only fixed text: what a record says stays text, which pandoc escapes.

local boxes = { ["open-question"] = "question", draft = "notice", sample = "notice" }

local function raw(text) return pandoc.RawBlock("typst", text) end

local function quoted(text)
  -- A string literal: backslash and quote are its only special characters.
  return '"' .. text:gsub("[\\\"]", "\\%0"):gsub("[%c]", " ") .. '"'
end

local function wrapped(name, blocks)
  local out = pandoc.Blocks({ raw("#" .. name .. "[") })
  out:extend(blocks)
  out:insert(raw("]"))
  return out
end

-- The longest paragraph that moves to the next page with the table that it introduces.
local LONGEST = 600

-- A table that is kept on one page has at most so many lines, about half a page.
local MOST_LINES = 34
local LETTERS = 110 -- in a line of the whole text width, roughly

local function lines_of(tbl)
  local total = 0
  local function add(rows)
    for _, row in ipairs(rows) do
      local deepest, column = 1, 1
      for _, cell in ipairs(row.cells) do
        local share = tbl.colspecs[column][2] or 1 / #tbl.colspecs
        local room = math.max(4, math.floor(LETTERS * share))
        local lines, length = 1, 0
        pandoc.Blocks(cell.contents):walk({
          Str = function(str) length = length + utf8.len(str.text) end,
          Space = function() length = length + 1 end,
          LineBreak = function()
            lines = lines + math.max(0, math.ceil(length / room) - 1) + 1
            length = 0
          end,
        })
        lines = lines + math.max(0, math.ceil(length / room) - 1)
        deepest = math.max(deepest, lines)
        column = column + cell.col_span
      end
      total = total + deepest + 0.5
    end
  end
  add(tbl.head.rows)
  for _, body in ipairs(tbl.bodies) do add(body.body) end
  return total
end

-- A table (wrapped by now) or a figure.
local function is_shown(block)
  if block.t == "Div" then return block.content[1] ~= nil and is_shown(block.content[1]) end
  return block.t == "Figure"
    or block.t == "RawBlock" and (block.text == "#whole[" or block.text == "#roomy[")
end

-- A line that announces what follows stays with it; so does a paragraph before a
-- table, a figure or a query.
local function announced(blocks)
  local out = pandoc.Blocks({})
  for i, block in ipairs(blocks) do
    local following = blocks[i + 1]
    local sticky = false
    if block.t == "Para" and following then
      local said = pandoc.utils.stringify(block)
      sticky = said:match(":%s*$") ~= nil
        or (following.t == "CodeBlock" or is_shown(following)) and #said <= LONGEST
    end
    if sticky then
      out:extend(wrapped("announcement", { block }))
    else
      out:insert(block)
    end
  end
  return out
end

function Pandoc(doc)
  return doc:walk({
    Blocks = announced,
    Table = function(tbl)
      return wrapped(lines_of(tbl) <= MOST_LINES and "whole" or "roomy", { tbl })
    end,
    Image = function(image)
      local alt = pandoc.utils.stringify(image.caption)
      return pandoc.RawInline("typst",
        "#image(" .. quoted(image.src) .. ", alt: " .. quoted(alt) .. ")")
    end,
    Span = function(span)
      if span.classes:includes("value") then
        local out = pandoc.Inlines({ pandoc.RawInline("typst", "#value[") })
        out:extend(span.content)
        out:insert(pandoc.RawInline("typst", "]"))
        return out
      end
      return nil
    end,
    Div = function(div)
      if div.classes:includes("passage") then
        local name = div.identifier
        div.content = wrapped("card", div.content)
        div.classes = {}
        div.identifier = name
        return div
      end
      if div.classes:includes("csl-entry") then
        local line = div.content[#div.content]
        local parts = line.content
        if #parts >= 2 and parts[1].classes and parts[1].classes:includes("csl-left-margin") then
          local out = pandoc.Blocks({ raw("#reference[") })
          out:insert(pandoc.Plain(parts[1].content))
          out:insert(raw("]["))
          out:insert(pandoc.Plain(parts[#parts].content))
          out:insert(raw("]"))
          div.content = out
        end
        return div
      end
      for _, class in ipairs(div.classes) do
        if boxes[class] then
          div.content = wrapped(boxes[class], div.content)
          return div
        end
        if class == "evidence-heading" then
          return wrapped("evidence-heading", div.content) -- inside a block it would not stick
        end
      end
      return nil
    end,
  })
end
