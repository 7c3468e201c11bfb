using ScottPlot;

namespace AdaLora.Experiments.Reports;

/// <summary>Panels of different widths in one row.</summary>
internal sealed class SideBySide(IReadOnlyList<int> widths) : IMultiplotLayout
{
    public PixelRect[] GetSubplotRectangles(SubplotCollection subplots, PixelRect figureRect)
    {
        var rectangles = new PixelRect[widths.Count];
        var left = figureRect.Left;
        for (var i = 0; i < rectangles.Length; left += widths[i++])
            rectangles[i] = new PixelRect(left, left + widths[i], figureRect.Bottom, figureRect.Top);
        return rectangles;
    }
}
