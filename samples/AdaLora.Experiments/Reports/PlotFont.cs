using ScottPlot;
using SkiaSharp;

namespace AdaLora.Experiments.Reports;

/// <summary>
/// The font of all pictures, carried in the assembly: a server or container often has no font at all, and then every label would silently be blank.
/// </summary>
internal sealed class PlotFont : IFontResolver
{
    private const string Name = "AdaLora plot font";
    private const string Resource = "DejaVuSans.ttf";

    static PlotFont() => Fonts.FontResolvers.Insert(0, new PlotFont());

    private PlotFont()
    {
    }

    /// <summary>Makes it the font of all plots created from now on.</summary>
    public static void Use() => Fonts.Default = Name;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic)
    {
        if (fontName != Name)
            return null;
        using var font = typeof(PlotFont).Assembly.GetManifestResourceStream(Resource);
        return SKTypeface.FromStream(font);
    }

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => CreateTypeface(fontName, bold: false, italic: false);
}
