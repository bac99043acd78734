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

-- A line that announces a list stays with it.
local function announced(blocks)
  local out = pandoc.Blocks({})
  for i, block in ipairs(blocks) do
    local following = blocks[i + 1]
    if block.t == "Para" and following
        and (following.t == "BulletList" or following.t == "OrderedList")
        and pandoc.utils.stringify(block):match(":%s*$") then
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
          div.content = wrapped("evidence-heading", div.content)
          return div
        end
      end
      return nil
    end,
  })
end
